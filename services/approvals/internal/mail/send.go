package mail

import (
	"context"
	"fmt"

	gomail "github.com/wneessen/go-mail"
)

// Letter is one e-mail to one person.
type Letter struct {
	To, Subject, Body string
}

// Sender sends letters.
type Sender struct {
	cfg    Config
	client *gomail.Client
}

// NewSender returns a sender; nil where no server is configured. It connects
// to nothing yet.
func NewSender(cfg Config) (*Sender, error) {
	if cfg.Addr == "" {
		return nil, nil //nolint:nilnil // no server: no sender
	}
	host, port, err := cfg.hostPort()
	if err != nil {
		return nil, err
	}
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(cfg.Timeout)}
	switch cfg.TLS {
	case tlsNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	case tlsImplicit:
		options = append(options, gomail.WithSSL())
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if cfg.Username != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover),
			gomail.WithUsername(cfg.Username), gomail.WithPassword(cfg.Password.Reveal()))
	}
	client, err := gomail.NewClient(host, options...)
	if err != nil {
		return nil, fmt.Errorf("ACTIONPLANE_SMTP_ADDR: %w", err)
	}
	return &Sender{cfg: cfg, client: client}, nil
}

// Config returns what the sender was made with.
func (s *Sender) Config() Config { return s.cfg }

// Send delivers one letter to the server.
func (s *Sender) Send(ctx context.Context, l Letter) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	msg := gomail.NewMsg()
	if err := msg.From(s.cfg.From); err != nil {
		return fmt.Errorf("write the sender: %w", err)
	}
	if err := msg.To(l.To); err != nil {
		return fmt.Errorf("write the recipient: %w", err)
	}
	msg.Subject(l.Subject)
	msg.SetBodyString(gomail.TypeTextPlain, l.Body)
	if err := s.client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send an e-mail: %w", err)
	}
	return nil
}
