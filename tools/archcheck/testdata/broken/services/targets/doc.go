// Package targets talks to a neighbour.
package targets
