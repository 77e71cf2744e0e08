// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// walker is a machine whose Continue is interrupted after each instruction, which
// are one byte long.
type walker struct {
	Debuggee
	engine walkerEngine
}

type walkerEngine struct {
	cpu.Engine
	icount uint64
}

func (e *walkerEngine) ICount() uint64 { return e.icount }

func (w *walker) Machine() *machine.Machine {
	return &machine.Machine{Config: machine.Config{Engine: &w.engine}}
}
func (w *walker) PC() uint64         { return w.engine.icount }
func (w *walker) InsertBreak(uint64) {}
func (w *walker) Continue(context.Context) (timeline.Stop, error) {
	w.engine.icount++ // what is under the PC is passed over
	return timeline.StopInterrupted, nil
}

// TestInterruptedOnBreakpoint checks that a monitor's command in the very moment in
// which a breakpoint is reached does not make gdb miss it.
func TestInterruptedOnBreakpoint(t *testing.T) {
	w := &walker{}
	th := newThread(w.Continue, false, func(bool) {})
	target := newTarget(w, nil, &debugger{thread: th})
	for _, at := range []uint64{0, 5} {
		if err := target.InsertBreak(at, gdbstub.BreakSoftware); err != nil {
			t.Fatal(err)
		}
	}
	stop, err := target.Continue(t.Context())
	if want := (gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: 5}); err != nil || stop != want {
		t.Errorf("Continue from the breakpoint at 0, interrupted often, = %+v, error %v; want %+v", stop, err, want)
	}
}
