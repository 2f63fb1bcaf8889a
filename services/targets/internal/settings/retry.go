package settings

import "slices"

// check reports statuses that are said to be final and not. The rest is bounded
// by the contract.
func (r Retry) check() error {
	for i, status := range r.Retryable {
		if slices.Contains(r.Final, status) {
			return invalid("retry", "has %d in final_statuses and in retryable_statuses[%d]", status, i)
		}
	}
	return nil
}
