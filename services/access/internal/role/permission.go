package role

// Permission is a right, named as in the option of the proto method that asks
// for it.
type Permission string

// The permissions that methods ask for. Those that every token holder has, or
// nobody at the edge, are package contract's and no role's.
const (
	TargetRead           Permission = "action.target.read"
	TargetWrite          Permission = "action.target.write"
	TargetDelete         Permission = "action.target.delete"
	ExecutionRead        Permission = "action.execution.read"
	ExecutionWrite       Permission = "action.execution.write"
	ActionRead           Permission = "org.action.read"
	ActionWrite          Permission = "org.action.write"
	ActionDelete         Permission = "org.action.delete"
	FlowRead             Permission = "org.flow.read"
	FlowWrite            Permission = "org.flow.write"
	FlowDelete           Permission = "org.flow.delete"
	SecretRead           Permission = "org.secret.read" // names alone; nobody is shown a value
	SecretWrite          Permission = "org.secret.write"
	ApprovalSettingsRead Permission = "approval.settings.read"
	// ApprovalSettingsWrite is for owners alone (approvals sheet, 1.2).
	ApprovalSettingsWrite Permission = "approval.settings.write"
	// ApprovalRequestRead includes the two calls that decide: who may is
	// looked up anew for each decision, see Reviewers.
	ApprovalRequestRead   Permission = "approval.request.read"
	ApprovalRequestSubmit Permission = "approval.request.submit"
	ApprovalTypeWrite     Permission = "approval.type.write"
	// ApprovalBreakGlass is for instance owners alone.
	ApprovalBreakGlass Permission = "approval.break_glass"
	OrganizationRead   Permission = "organization.read"
	OrganizationWrite  Permission = "organization.write"
	// OrganizationManage makes and ends organizations.
	OrganizationManage  Permission = "organization.manage"
	PersonRead          Permission = "person.read"
	PersonWrite         Permission = "person.write"
	MemberRead          Permission = "member.read"
	MemberWrite         Permission = "member.write"
	TokenRead           Permission = "token.read"
	TokenWrite          Permission = "token.write" // of other people
	InstancePersonRead  Permission = "instance.person.read"
	InstanceMemberRead  Permission = "instance.member.read"
	InstanceMemberWrite Permission = "instance.member.write"
	IssuerRead          Permission = "issuer.read"
	// IssuerWrite is for instance owners alone: an issuer says who people are.
	IssuerWrite Permission = "issuer.write"

	EventPublish    Permission = "event.publish"
	HookRun         Permission = "hook.run"
	FlowRun         Permission = "flow.run"
	CatalogAnnounce Permission = "catalog.announce"
	CatalogRead     Permission = "catalog.read"
	RunRead         Permission = "run.read"
	DeliveryReplay  Permission = "delivery.replay"
	DeliveryCancel  Permission = "delivery.cancel"
)

// organizationReads and organizationWrites are what roles of an organization
// share. The rest is the instance's: targets and executions belong to no
// organization, and organization owners are refused there (targets and
// executions sheet, 7).
func organizationReads() []Permission {
	return []Permission{ActionRead, FlowRead, SecretRead, ApprovalSettingsRead, ApprovalRequestRead, OrganizationRead, PersonRead, MemberRead, TokenRead}
}

func organizationWrites() []Permission {
	return []Permission{ActionWrite, ActionDelete, FlowWrite, FlowDelete, SecretWrite, ApprovalRequestSubmit}
}

// peopleWrites are for who manages people: they alone let nobody gain
// anything, because nobody gives what he does not have (Within).
func peopleWrites() []Permission { return []Permission{PersonWrite, MemberWrite} }

func instanceReads() []Permission {
	return []Permission{TargetRead, ExecutionRead, CatalogRead, RunRead, InstancePersonRead, InstanceMemberRead, IssuerRead}
}

func instanceWrites() []Permission {
	return []Permission{TargetWrite, TargetDelete, ExecutionWrite, EventPublish, HookRun, FlowRun, CatalogAnnounce, DeliveryReplay, DeliveryCancel, OrganizationManage, InstanceMemberWrite, IssuerWrite, ApprovalTypeWrite, ApprovalBreakGlass}
}
