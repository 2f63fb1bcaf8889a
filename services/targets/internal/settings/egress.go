package settings

import (
	"fmt"
	"strings"

	"github.com/actionplane/actionplane/libs/egress"
)

// checkEgress reports an entry that dispatch could not read.
func checkEgress(allow []string, most int) error {
	if len(allow) > most {
		return invalid("egress_allow", "must have at most %d entries", most)
	}
	for i, entry := range allow {
		field := fmt.Sprintf("egress_allow[%d]", i)
		if strings.TrimSpace(entry) != entry || entry == "" || strings.Contains(entry, ",") {
			return invalid(field, "must be one CIDR, address or host name")
		}
		if _, err := egress.ParseAllow(entry); err != nil {
			return invalid(field, "is refused: %v", err)
		}
	}
	return nil
}
