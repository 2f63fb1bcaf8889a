package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/actionplane/actionplane/libs/pg"
)

// Search says which executions are wanted. Absent filters match everything;
// all that are present must match.
type Search struct {
	ConditionIDs [][]string // one list per filter
	Kinds        []string
	TargetIDs    []string // listed directly, not by way of an include
	CalledIDs    []string // targets listed directly or by way of an include
	IncludeIDs   []string
	Sort         Sort
	Desc         bool
	Offset       uint64
	Limit        uint32
}

// Sort is a column to sort by.
type Sort string

// The columns. Ties are broken by the condition id. Ids sort by their bytes,
// whatever the database's language.
const (
	SortID      Sort = `e.condition_id COLLATE "C"`
	SortCreated Sort = "e.created_at"
	SortChanged Sort = "e.changed_at"
)

// SearchExecutions returns a page of the executions that match and have at
// least one entry, and how many match in all.
func (s *Store) SearchExecutions(ctx context.Context, tenant string, q Search) ([]Execution, uint64, error) {
	where, args := q.where(tenant)
	var total uint64
	if err := s.db.QueryRow(ctx, `SELECT count(*) FROM executions e`+where, args...).Scan(&total); err != nil {
		return nil, 0, pg.Translate(err)
	}
	direction := "ASC"
	if q.Desc {
		direction = "DESC"
	}
	page := fmt.Sprintf(` ORDER BY %s %s, e.condition_id COLLATE "C" %s OFFSET %d LIMIT %d`, q.Sort, direction, direction, q.Offset, q.Limit)
	rows, err := s.db.Query(ctx, selectExecution+where+page, args...)
	if err != nil {
		return nil, 0, pg.Translate(err)
	}
	found, err := pgx.CollectRows(rows, scanExecution)
	return found, total, pg.Translate(err)
}

func (q Search) where(tenant string) (string, []any) {
	args := []any{tenant}
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	has := func(condition string) string {
		return `EXISTS (SELECT 1 FROM entries n WHERE n.tenant = e.tenant AND n.condition_id = e.condition_id` + condition + `)`
	}
	clauses := []string{"e.tenant = $1", has("")}
	for _, ids := range q.ConditionIDs {
		clauses = append(clauses, "e.condition_id = ANY("+arg(ids)+")")
	}
	for _, kind := range q.Kinds {
		clauses = append(clauses, "e.kind = "+arg(kind))
	}
	for _, id := range q.TargetIDs {
		clauses = append(clauses, has(" AND n.target_id = "+arg(id)))
	}
	for _, id := range q.CalledIDs {
		clauses = append(clauses, "e.condition_id IN "+calling(arg(id)))
	}
	for _, id := range q.IncludeIDs {
		clauses = append(clauses, has(" AND n.include_id = "+arg(id)))
	}
	return " WHERE " + strings.Join(clauses, " AND "), args
}

// calling selects the executions that list a target, and those that include
// one of them, at most chain.MaxIncludeHops away: UNION lets each in once, so
// that not even a circle would keep it going.
func calling(targetID string) string {
	return `(WITH RECURSIVE calling (condition_id) AS (
		SELECT condition_id FROM entries WHERE tenant = $1 AND target_id = ` + targetID + `
		UNION SELECT n.condition_id FROM entries n JOIN calling c ON n.tenant = $1 AND n.include_id = c.condition_id)
		SELECT condition_id FROM calling)`
}
