package cost

// Tariff is what the pieces cost of which traffic is made. Those of hooks and
// events come without the gateway and access: internal services reach the bus
// themselves; Door is what those pay in addition who do not. Of an event that is
// also what executions takes to publish it: the share that executions has in
// every event is that in one question for the chains of many.
type Tariff struct {
	Call, Change Amounts

	HookMiss   Amounts
	Hook       Amounts // without steps
	HookStep   Amounts // an HTTP target
	HookKiB    Amounts // a KiB of payload, per step
	HookDoor   Amounts // by REST
	ScriptStep Amounts // an action as a hook's target
	Trigger    Amounts // of a flow with one action, by the bus

	EventMiss    Amounts // from the stream on
	Event        Amounts // without steps
	EventStep    Amounts
	EventKiB     Amounts // a KiB of payload, per step
	EventDoor    Amounts // by REST, one a call
	EventAttempt Amounts // a further one, by the retry loop
}

// door are the parts between REST and the bus.
var door = []string{"gateway", "access"}

// Tariff derives the pieces from what was measured. A hook with one step and
// one with three tell what a step costs, and what a hook does without; two sizes
// of payload tell what a KiB costs. So the sheet's payload is in the steps. Events
// were measured in batches over REST, which tells what a chain adds to one that
// nothing listens to, and the latter by the bus as well, where all of them begin.
// The payload of an event executions sees on its way from REST alone.
func (s Sheet) Tariff() Tariff {
	each := func(op Operation) Amounts { return s.Operations[op].Each.Without(door...) }
	whole := func(op Operation) Amounts { return s.Operations[op].Each }
	doors := func(op Operation) Amounts {
		return Amounts{CPU("gateway"): whole(op)[CPU("gateway")], CPU("access"): whole(op)[CPU("access")]}
	}
	perKiB := 1024 / float64(s.Machine.LargePayloadBytes-s.Machine.PayloadBytes)
	t := Tariff{
		Call: whole(Call), Change: whole(Change),
		HookMiss: each(HookMiss), Trigger: each(Trigger),
		HookStep:     each(Hook3).Minus(each(Hook1)).Times(0.5),
		HookKiB:      each(HookLarge).Minus(each(Hook1)).Times(perKiB),
		HookDoor:     doors(Hook1),
		EventMiss:    each(EventMissBus),
		EventStep:    each(Event3).Minus(each(Event1)).Times(0.5),
		EventKiB:     each(EventLarge).Minus(each(Event1)).Without("executions").Times(perKiB),
		EventDoor:    whole(EventMissSingle).Minus(each(EventMissBus)),
		EventAttempt: each(EventRetried).Minus(each(Event1)).Times(1.0 / Retried),
	}
	t.Hook = each(Hook1).Minus(t.HookStep)
	t.Event = each(EventMissBus).Plus(1, each(Event1).Minus(each(EventMiss))).Minus(t.EventStep)
	t.ScriptStep = each(HookScript).Minus(t.Hook)
	return t
}
