package request

import "slices"

// Person is what access knows of somebody, now.
type Person struct {
	ID string
	// Human is the same for all accounts of one human; empty: not known to be
	// one.
	Human string
	// Controllers are humans who hold tokens of this person and can act as he
	// does.
	Controllers []string
	Name, Email string
	Roles       []string
	Active      bool // and existing
	Reviewer    bool // active, human, and of a role that reviews
}

// People are the persons that a decision is about, by id. Who is missing is
// nobody: he counts for nothing.
type People map[string]Person

// same reports whether one human can act as both.
func (p Person) same(q Person) bool {
	return p.ID == q.ID ||
		p.Human != "" && (p.Human == q.Human || slices.Contains(q.Controllers, p.Human)) ||
		q.Human != "" && slices.Contains(p.Controllers, q.Human)
}

// maySubmit reports whether somebody still may have his request carried out:
// he is there, and has something to do in the organization.
func (p Person) maySubmit() bool { return p.Active && len(p.Roles) > 0 }
