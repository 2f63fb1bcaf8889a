package show

import (
	"fmt"
	"io"
)

// printer prints the show.
type printer struct{ out io.Writer }

func (p printer) title(text string) { _, _ = fmt.Fprintf(p.out, "\n%s\n", text) }

func (p printer) line(format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "   "+format+"\n", args...)
}

// tryYourself prints what a reader may type next: calls of the published APIs.
func (s *Show) tryYourself() {
	s.print.title("Try it yourself")
	auth := fmt.Sprintf(`-H "Authorization: Bearer $(cat %s)"`, s.cfg.TokenFile)
	s.print.line(`curl -L -X GET '%s/management/v1/actions/%s' -H 'Accept: application/json' %s`, s.cfg.BaseURL, s.actionID, auth)
	s.print.line(`curl -L -X POST '%s/resources/v3alpha/actions/targets/_search' -H 'Content-Type: application/json' %s -d '[]'`, s.cfg.BaseURL, auth)
	s.print.line(`curl -L -X PUT '%s/resources/v3alpha/actions/executions' -H 'Content-Type: application/json' %s -d '{"condition":{"request":{"service":"zitadel.session.v2.SessionService"}},"execution":{"targets":[{"target":"%s"}]}}'`,
		s.cfg.BaseURL, auth, s.audit.Details.ID)
}
