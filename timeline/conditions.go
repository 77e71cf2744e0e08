// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"

	"github.com/vmrr/vmrr/cpu"
)

// SetCondition gives the breakpoint at a linear address, where there must be one, a
// condition instead of the one that it had; nil: none. It is asked on the engine's
// thread each time the breakpoint is met, in the state before the instruction, which it
// must not change; where it is false nothing stops. Like the breakpoint it survives
// every jump in time, and it goes with the breakpoint.
func (d *debug) SetCondition(linear uint64, condition func() bool) {
	if condition == nil {
		delete(d.conditions, linear)
		return
	}
	if d.conditions == nil {
		d.conditions = map[uint64]func() bool{}
	}
	d.conditions[linear] = condition
}

// holds reports whether the breakpoint under the PC counts in the present state.
func (d *debug) holds() bool {
	condition := d.conditions[d.PC()]
	return condition == nil || condition()
}

// manyDecisions is how many a pass through a stretch of the past decides on: to stop at a
// breakpoint and decide costs some microseconds.
const manyDecisions = 1_000

// decide runs until a count and returns the last hit that counts, nil if there is none.
// Conditions look at the state, so it stops at each hit; when it has decided on enough,
// unless that is 0, it stays there.
func (t *Timeline) decide(ctx context.Context, until, enough uint64) (found *cpu.Hit, stop Stop, err error) {
	t.deciding = true
	defer func() { t.deciding = false }()
	for n := uint64(1); ; n++ {
		stop, err = t.run(ctx, until)
		switch {
		case err != nil:
			return found, stop, err
		case ctx.Err() != nil: // cancelled too late for a run as short as this to see it
			return found, StopInterrupted, nil
		case stop == StopBreak:
			if t.holds() {
				found = &cpu.Hit{ICount: t.m.Moment().ICount, Addr: t.PC()}
			}
			t.m.Engine.SkipBreak()
		case stop == StopWatch:
			hit := t.hit
			found = &hit
		default:
			return found, stop, nil
		}
		if n == enough {
			return found, stop, nil
		}
	}
}
