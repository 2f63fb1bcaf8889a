// Package access is a service.
package access
