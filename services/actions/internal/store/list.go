package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/services/actions/internal/action"
)

const (
	countActions = `SELECT count(*) FROM actions a WHERE %s`

	listActions = `SELECT ` + actionColumns + ` FROM ` + actionTables + ` WHERE %s ORDER BY %s LIMIT $%d OFFSET $%d`
)

// ListActions returns a page of the scope's actions and how many match on all
// pages.
func (s *Store) ListActions(ctx context.Context, in Scope, q action.Query) (page []action.Action, total uint64, err error) {
	where := matching(in, q.Filters)
	err = s.read(ctx, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, fmt.Sprintf(countActions, where), where.args...).Scan(&total); err != nil {
			return fmt.Errorf("count actions: %w", err)
		}
		n := len(where.args)
		sql := fmt.Sprintf(listActions, where, order(q), n+1, n+2)
		rows, err := tx.Query(ctx, sql, append(where.args[:n:n], q.Limit, min(q.Offset, math.MaxInt64))...)
		if err != nil {
			return fmt.Errorf("list actions: %w", err)
		}
		page, err = pgx.CollectRows(rows, scanAction)
		return err
	})
	return page, total, err
}

// conditions is a WHERE clause that grows.
type conditions struct {
	terms []string
	args  []any
}

// add adds a term in which %[1]d stands for value's number.
func (c *conditions) add(term string, value any) {
	c.args = append(c.args, value)
	c.terms = append(c.terms, fmt.Sprintf(term, len(c.args)))
}

// String returns the clause.
func (c *conditions) String() string { return strings.Join(c.terms, " AND ") }

// matching returns the clause for a scope's actions that pass all filters.
func matching(in Scope, filters []action.Filter) *conditions {
	c := &conditions{}
	c.add(`a.tenant_id = $%[1]d`, in.Tenant)
	c.add(`a.organization_id = $%[1]d`, in.Organization)
	for _, f := range filters {
		switch f := f.(type) {
		case action.ByID:
			c.add(`a.id = $%[1]d`, f)
		case action.ByState:
			c.add(`a.state = $%[1]d`, f)
		case action.ByName:
			c.addName(f)
		}
	}
	return c
}

// nameTerms compares a column, the %[2]s, with a text; none of them knows
// wildcards.
var nameTerms = map[action.Method]string{
	action.Equals:     `%[2]s = $%[1]d`,
	action.StartsWith: `starts_with(%[2]s, $%[1]d)`,
	action.Contains:   `strpos(%[2]s, $%[1]d) > 0`,
	action.EndsWith:   `right(%[2]s, char_length($%[1]d)) = $%[1]d`,
}

// addName adds the comparison of a name. Case is ignored by comparing what
// names must differ in.
func (c *conditions) addName(f action.ByName) {
	column, text := "a.name", f.Text
	if f.IgnoreCase {
		column, text = "a.name_key", action.FoldName(f.Text)
	}
	c.args = append(c.args, text)
	c.terms = append(c.terms, fmt.Sprintf(nameTerms[f.Method], len(c.args), column))
}

// order returns the ORDER BY list. It always ends in the id, so that pages
// neither overlap nor leave gaps.
func order(q action.Query) string {
	direction := "DESC"
	if q.Ascending {
		direction = "ASC"
	}
	switch q.Order {
	case action.OrderName:
		return fmt.Sprintf("a.name_key %s", direction) // unique in an organization
	case action.OrderState:
		return fmt.Sprintf("a.state = 'active' %[1]s, a.id %[1]s", direction)
	default:
		return fmt.Sprintf("a.id %s", direction)
	}
}
