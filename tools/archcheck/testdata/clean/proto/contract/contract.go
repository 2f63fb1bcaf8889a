// Package contract is about contracts.
package contract
