// Package nowhere is two packages.
package nowhere
