// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"testing"

	"github.com/vmrr/vmrr/gdbstub"
)

// TestBreakKinds has both of gdb's kinds of breakpoint at one address: the machine has
// one there, which counts if either does, for as long as either is there.
func TestBreakKinds(t *testing.T) {
	const soft, hard = gdbstub.BreakSoftware, gdbstub.BreakHardware
	w := &walker{breaks: map[uint64]bool{}}
	target := newTarget(w, nil, nil)
	conditions := map[string]func() bool{"": nil, "true": func() bool { return true }, "false": func() bool { return false }}
	insert := func(kind gdbstub.BreakKind, condition string) {
		t.Helper()
		if err := target.InsertBreak(codeSegment, kind); err != nil {
			t.Fatal(err)
		}
		target.(gdbstub.Conditioner).SetCondition(codeSegment, kind, conditions[condition])
	}
	for _, c := range []struct {
		soft, hard          string
		both, onlyHard, any bool // whether it counts; any: it has no condition
	}{
		{soft: "false", hard: "false"},
		{soft: "false", hard: "true", both: true, onlyHard: true},
		{soft: "true", hard: "false", both: true},
		{soft: "", hard: "false", both: true, any: true},
		{soft: "false", hard: "", both: true, onlyHard: true, any: true},
	} {
		insert(soft, c.soft)
		insert(hard, c.hard)
		counts := func() bool { return w.condition == nil || w.condition() }
		if got := counts(); got != c.both || (w.condition == nil) != c.any {
			t.Errorf("conditions %q and %q: the breakpoint counts: %v, without a condition: %v; want %v, %v", c.soft, c.hard, got, w.condition == nil, c.both, c.any)
		}
		target.RemoveBreak(codeSegment, soft)
		if got := counts(); got != c.onlyHard || !w.breaks[codeSegment] {
			t.Errorf("conditions %q and %q, the first removed: the breakpoint counts: %v, is there: %v; want %v, true", c.soft, c.hard, got, w.breaks[codeSegment], c.onlyHard)
		}
		target.RemoveBreak(codeSegment, hard)
		if w.breaks[codeSegment] {
			t.Error("both breakpoints were removed, and the machine still has one")
		}
	}
}
