// Package targets is a service.
package targets
