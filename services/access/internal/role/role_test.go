package role_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/actionplane/actionplane/proto/contract"
	"github.com/actionplane/actionplane/proto/gen/go/edge"
	"github.com/actionplane/actionplane/services/access/internal/role"
)

// asked returns the permissions that the methods of the public API ask for,
// with the methods that ask and where.
func asked() map[role.Permission][]*contract.Method {
	methods := map[role.Permission][]*contract.Method{}
	for _, s := range edge.Services {
		for _, m := range s.Methods {
			if !slices.Contains([]string{contract.Authenticated, contract.Public, contract.Internal}, m.Permission) {
				methods[role.Permission(m.Permission)] = append(methods[role.Permission(m.Permission)], m)
			}
		}
	}
	return methods
}

func TestContracts(t *testing.T) {
	t.Parallel()

	t.Run("EveryMethodCanBeCalledBySomebody", func(t *testing.T) {
		t.Parallel()
		for p, methods := range asked() {
			if !slices.ContainsFunc(role.All(), func(r role.Role) bool { return slices.Contains(r.Permissions(), p) }) {
				t.Errorf("no role holds %s, which %s asks for", p, methods[0].FullName)
			}
		}
	})
	t.Run("TheInstanceOwnerCanCallEveryMethod", func(t *testing.T) {
		t.Parallel()
		for p, methods := range asked() {
			if !slices.Contains(role.InstanceOwner.Permissions(), p) {
				t.Errorf("%s lacks %s, which %s asks for", role.InstanceOwner, p, methods[0].FullName)
			}
		}
	})
	t.Run("OrganizationRolesHoldNothingThatIsAskedOfTheInstance", func(t *testing.T) {
		t.Parallel()
		for p, methods := range asked() {
			for _, r := range []role.Role{role.Owner, role.Admin, role.Developer, role.Viewer} {
				if slices.Contains(r.Permissions(), p) && methods[0].Scope != contract.ScopeOrganization {
					t.Errorf("%s holds %s in vain: %s asks for it in the instance", r, p, methods[0].FullName)
				}
			}
		}
	})
	t.Run("NoPermissionIsHeldThatNobodyAsksFor", func(t *testing.T) {
		t.Parallel()
		methods := asked()
		for _, p := range role.Granted(role.All()) {
			if len(methods[p]) == 0 {
				t.Errorf("%s is held, but no method asks for it", p)
			}
		}
	})
}

func TestPermissions(t *testing.T) {
	t.Parallel()
	reads := func(p role.Permission) bool { return strings.HasSuffix(string(p), ".read") }

	t.Run("ViewersHoldExactlyWhatOwnersMayRead", func(t *testing.T) {
		t.Parallel()
		for viewer, owner := range map[role.Role]role.Role{
			role.InstanceViewer: role.InstanceOwner,
			role.Viewer:         role.Owner,
			"ORG_OWNER_VIEWER":  role.Owner,
		} {
			want := slices.DeleteFunc(role.Granted([]role.Role{owner}), func(p role.Permission) bool { return !reads(p) })
			if got := role.Granted([]role.Role{viewer}); !slices.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", viewer, got, want)
			}
		}
	})
	t.Run("OnlyOwnersChangeApprovalSettings", func(t *testing.T) {
		t.Parallel()
		for _, r := range role.All() {
			got := slices.Contains(r.Permissions(), role.ApprovalSettingsWrite)
			if want := r == role.Owner || r == role.InstanceOwner; got != want {
				t.Errorf("%s: got %t, want %t", r, got, want)
			}
		}
	})
	t.Run("UnknownRolesHoldNothing", func(t *testing.T) {
		t.Parallel()
		for _, r := range []role.Role{"", "iam_owner", "ORG_SETTINGS_MANAGER", "IAM_OWNER "} {
			if got := r.Permissions(); len(got) > 0 {
				t.Errorf("%q: got %v", r, got)
			}
		}
	})
}

func TestGranted(t *testing.T) {
	t.Parallel()
	roles := rapid.SliceOf(rapid.SampledFrom(append(role.All(), "ORG_OWNER_VIEWER", "ORG_SETTINGS_MANAGER", "")))

	t.Run("IsTheUnionSortedAndDistinct", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			held := roles.Draw(t, "roles")
			model := map[role.Permission]bool{}
			for _, r := range held {
				for _, p := range r.Permissions() {
					model[p] = true
				}
			}
			got := role.Granted(held)
			if len(got) != len(model) || !slices.IsSorted(got) {
				t.Fatalf("got %v, want %v", got, model)
			}
			for _, p := range got {
				if !model[p] {
					t.Fatalf("%s is held by none of %v", p, held)
				}
			}
		})
	})
	t.Run("MoreRolesNeverGrantLess", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			fewer := roles.Draw(t, "fewer")
			more := role.Granted(append(slices.Clone(fewer), roles.Draw(t, "more")...))
			for _, p := range role.Granted(fewer) {
				if !slices.Contains(more, p) {
					t.Fatalf("%s was lost", p)
				}
			}
		})
	})
	t.Run("AnAliasIsWorthItsRole", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			held := roles.Draw(t, "roles")
			if a, b := role.Granted(held), role.Granted(role.Distinct(held)); !slices.Equal(a, b) {
				t.Fatalf("%v grants %v, its distinct names %v", held, a, b)
			}
		})
	})
}

func TestWithin(t *testing.T) {
	t.Parallel()
	roles := rapid.SliceOf(rapid.SampledFrom(append(role.All(), "ORG_OWNER_VIEWER", "ORG_SETTINGS_MANAGER")))

	t.Run("IsAPartialOrder", func(t *testing.T) {
		t.Parallel()
		for _, a := range role.All() {
			if !a.Within([]role.Role{a}) {
				t.Errorf("%s is not within itself", a)
			}
			for _, b := range role.All() {
				if a != b && a.Within([]role.Role{b}) && b.Within([]role.Role{a}) {
					t.Errorf("%s and %s are within each other", a, b)
				}
				for _, c := range role.All() {
					if a.Within([]role.Role{b}) && b.Within([]role.Role{c}) && !a.Within([]role.Role{c}) {
						t.Errorf("%s is within %s, that within %s, but not the first within the last", a, b, c)
					}
				}
			}
		}
	})
	t.Run("EverythingIsWithinTheInstanceOwner", func(t *testing.T) {
		t.Parallel()
		for _, r := range role.All() {
			if !r.Within([]role.Role{role.InstanceOwner}) {
				t.Errorf("%s is not", r)
			}
		}
	})
	t.Run("ReviewingIsNoSmallThing", func(t *testing.T) {
		t.Parallel()
		everythingElse := []role.Role{role.OrganizationManager, role.InstanceViewer, role.Developer, role.Viewer}
		if role.Admin.Within(everythingElse) {
			t.Error("who reviews nothing makes reviewers")
		}
	})
	t.Run("WhoReplacesRolesLetsNobodyGainOrLoseWhatHeLacks", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			held, before, after := roles.Draw(t, "held"), roles.Draw(t, "before"), roles.Draw(t, "after")
			if !role.MayReplace(held, before, after) {
				return
			}
			own, was, is := role.Granted(held), role.Granted(before), role.Granted(after)
			for _, p := range slices.Concat(was, is) {
				if slices.Contains(was, p) != slices.Contains(is, p) && !slices.Contains(own, p) {
					t.Fatalf("%s came or went by who lacks it", p)
				}
			}
			if role.Reviews(before) != role.Reviews(after) && !role.Reviews(held) {
				t.Fatal("a reviewer came or went by who is none")
			}
		})
	})
	t.Run("WhoHoldsMoreMayReplaceMore", func(t *testing.T) {
		t.Parallel()
		rapid.Check(t, func(t *rapid.T) {
			held, before, after := roles.Draw(t, "held"), roles.Draw(t, "before"), roles.Draw(t, "after")
			more := append(slices.Clone(held), roles.Draw(t, "more")...)
			if role.MayReplace(held, before, after) && !role.MayReplace(more, before, after) {
				t.Fatal("a further role took something away")
			}
		})
	})
}
