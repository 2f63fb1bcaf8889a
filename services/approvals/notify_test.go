package approvals_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/actionplane/actionplane/libs/ident"
	accessv1 "github.com/actionplane/actionplane/proto/gen/go/actionplane/access/v1"
	"github.com/actionplane/actionplane/services/approvals"
)

// postOffice is an SMTP server that keeps what it gets.
type postOffice struct {
	addr string
	mu   sync.Mutex
	got  []letter
}

type letter struct{ to, text string }

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	p := &postOffice{}
	server := smtp.NewServer(p)
	server.AllowInsecureAuth = true
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.addr = listener.Addr().String()
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close(); <-done })
	return p
}

func (p *postOffice) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{office: p}, nil }

func (p *postOffice) letters() []letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.got)
}

type session struct {
	office *postOffice
	to     string
}

func (s *session) Mail(string, *smtp.MailOptions) error      { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error { s.to = to; return nil }
func (s *session) Reset()                                    {}
func (s *session) Logout() error                             { return nil }

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.office.mu.Lock()
	defer s.office.mu.Unlock()
	s.office.got = append(s.office.got, letter{to: s.to, text: string(text)})
	return err
}

func TestMail(t *testing.T) {
	t.Parallel()
	office := newPostOffice(t)
	b := setup(t, func(c *approvals.Config) {
		c.Mail.Addr, c.Mail.From, c.Mail.TLS = office.addr, "Actionplane <approvals@example.com>", "none"
		c.Mail.ConsoleURL, c.Mail.Interval = "https://console.example.com/", 50*time.Millisecond
	})
	mfa := b.register(t, fine)
	submitter, first, second := owner(ident.NewUUID()), owner(ident.NewUUID()), owner(ident.NewUUID())
	submitter.Email, first.Email, second.Email = "submitter@example.com", "first@example.com", "second@example.com"
	for _, p := range []*accessv1.Eligibility{submitter, first, second} {
		b.access.describe(p)
	}
	o := b.gated(t, 1)
	about := func(to, word string) func() (string, bool) {
		return func() (string, bool) {
			for _, l := range office.letters() {
				if l.to == to && strings.Contains(l.text, word) {
					return l.text, true
				}
			}
			return "", false
		}
	}

	r := o.submit(o.who(t, submitter.GetPersonId()), t, mfa, `{"password":"s3cret","n":"visible"}`)
	for _, to := range []string{"first@example.com", "second@example.com"} {
		text := until(t, about(to, r.GetId()))
		if !strings.Contains(text, "https://console.example.com/organizations/") || strings.Contains(text, "s3cret") || strings.Contains(text, "visible") {
			t.Errorf("wrote %s", text)
		}
	}
	in := o.decision(r.GetId())
	in.Note = new("not on a friday")
	if _, err := b.actions.DenyAdminActionRequest(o.who(t, first.GetPersonId()), in); err != nil {
		t.Fatal(err)
	}
	if text := until(t, about("submitter@example.com", "denied")); !strings.Contains(text, "not on a friday") {
		t.Errorf("wrote %s", text)
	}
	b.must(t, `ALTER TABLE notices ALTER COLUMN due_at SET DEFAULT 'infinity'`)
	for range 6 { // many at once are one letter
		o.submit(o.who(t, submitter.GetPersonId()), t, mfa, `{"n":"`+ident.NewUUID()+`"}`)
	}
	b.must(t, `UPDATE notices SET due_at = now() WHERE due_at = 'infinity'`)
	until(t, about("first@example.com", "changes need approval"))
	for _, l := range office.letters() {
		if l.to == "submitter@example.com" && strings.Contains(l.text, "need") && strings.Contains(l.text, "Subject: Approval") {
			t.Errorf("the submitter was asked: %s", l.text)
		}
	}
}
