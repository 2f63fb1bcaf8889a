// Package access is whole.
package access
