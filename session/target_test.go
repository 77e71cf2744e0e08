// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/timeline"
)

// walker is a machine whose Continue is interrupted after each instruction, which
// are one byte long.
type walker struct {
	Debuggee
	engine    walkerEngine
	mark      uint64                    // the count at which a step stops; 0: none
	walked    func(ctx context.Context) // is called after each step
	breaks    map[uint64]bool           // the breakpoints, if it is not nil
	condition func() bool               // that was set last
}

type walkerEngine struct {
	cpu.Engine
	icount uint64
}

func (e *walkerEngine) ICount() uint64 { return e.icount }

func (w *walker) Machine() *machine.Machine {
	return &machine.Machine{Config: machine.Config{Engine: &w.engine}}
}

// codeSegment is the linear address of the code segment in which the walker is.
const codeSegment = 0x10000

func (w *walker) PC() uint64                    { return codeSegment + w.engine.icount }
func (w *walker) Description() *cpu.Description { return x86.Description() }
func (w *walker) ReadRegister(*cpu.Register) []byte {
	return binary.LittleEndian.AppendUint64(nil, w.engine.icount)
}
func (w *walker) StepForward(ctx context.Context, n uint64) (timeline.Stop, error) {
	w.engine.icount += n
	if w.walked != nil {
		w.walked(ctx)
	}
	if w.engine.icount == w.mark {
		return timeline.StopMark, nil
	}
	return timeline.StopArrived, nil
}
func (w *walker) InsertBreak(linear uint64) {
	if w.breaks != nil {
		w.breaks[linear] = true
	}
}
func (w *walker) RemoveBreak(linear uint64)            { delete(w.breaks, linear) }
func (w *walker) SetCondition(_ uint64, c func() bool) { w.condition = c }
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
	for _, at := range []uint64{codeSegment, codeSegment + 3, codeSegment + 5} {
		if err := target.InsertBreak(at, gdbstub.BreakSoftware); err != nil {
			t.Fatal(err)
		}
	}
	target.(gdbstub.Conditioner).SetCondition(codeSegment+3, gdbstub.BreakSoftware, func() bool { return false })
	stop, err := target.Continue(t.Context())
	if want := (gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: codeSegment + 5}); err != nil || stop != want {
		t.Errorf("Continue from the breakpoint at 0, interrupted often, = %+v, error %v; want %+v", stop, err, want)
	}
}

// TestStepRange is gdb's step through the first 8 bytes of a code segment, whose
// linear addresses gdb takes for its PC.
func TestStepRange(t *testing.T) {
	stop := func(th *thread) { (&control{thread: th}).Stop() }
	for _, c := range []struct {
		name  string
		brk   uint64           // breakpoint, by offset; 0: none
		never bool             // its condition is false
		mark  uint64           // instruction count; 0: none
		job   func(th *thread) // what somebody wants done after the third step
		want  gdbstub.Stop
		steps uint64
	}{
		{name: "out of the range", want: gdbstub.Stop{Reason: gdbstub.StopStep}, steps: 8},
		{name: "a breakpoint", brk: 5, want: gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: codeSegment + 5}, steps: 5},
		{name: "a breakpoint that does not count", brk: 5, never: true, want: gdbstub.Stop{Reason: gdbstub.StopStep}, steps: 8},
		{name: "the mark", mark: 5, want: gdbstub.Stop{Reason: gdbstub.StopInterrupted}, steps: 5},
		{name: "a look", job: func(*thread) {}, want: gdbstub.Stop{Reason: gdbstub.StopStep}, steps: 8},
		{name: "a breakpoint during a look", brk: 3, job: func(*thread) {}, want: gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: codeSegment + 3}, steps: 3},
		{name: "a stop", job: stop, want: gdbstub.Stop{Reason: gdbstub.StopInterrupted}, steps: 3},
		{name: "a jump", job: func(th *thread) { (&debugger{thread: th}).movedByOthers() },
			want: gdbstub.Stop{Reason: gdbstub.StopInterrupted}, steps: 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []bool
			w := &walker{mark: c.mark}
			th := newThread(w.Continue, false, func(on bool) { told = append(told, on) })
			w.walked = func(ctx context.Context) {
				if c.job != nil && w.engine.icount == 3 {
					go th.do(t.Context(), func() { c.job(th) })
					<-ctx.Done() // it makes the thread look
				}
			}
			target := newTarget(w, nil, &debugger{thread: th})
			if c.brk != 0 {
				target.InsertBreak(codeSegment+c.brk, gdbstub.BreakSoftware)
			}
			if c.never {
				target.(gdbstub.Conditioner).SetCondition(codeSegment+c.brk, gdbstub.BreakSoftware, func() bool { return false })
			}
			got, err := target.(gdbstub.RangeStepper).StepRange(t.Context(), codeSegment, codeSegment+8)
			if err != nil || got != c.want || w.engine.icount != c.steps {
				t.Errorf("StepRange = %+v after %d steps, error %v; want %+v after %d", got, w.engine.icount, err, c.want, c.steps)
			}
			if fmt.Sprint(told) != "[true false]" {
				t.Errorf("the steps are told as %v; want [true false]", told)
			}
		})
	}
}

// TestStopBetweenSteps is gdb's own way to many steps: what a monitor does between two
// of them must reach it, and what it did before the first must not.
func TestStopBetweenSteps(t *testing.T) {
	step, interrupted := gdbstub.Stop{Reason: gdbstub.StopStep}, gdbstub.Stop{Reason: gdbstub.StopInterrupted}
	stop := func(th *thread) { (&control{thread: th}).Stop() }
	for _, c := range []struct {
		name    string
		after   int  // steps
		resumed bool // gdb lets the machine run behind it
		job     func(th *thread)
		want    gdbstub.Stop
	}{
		{name: "a stop", after: 2, job: stop, want: interrupted},
		{name: "a jump", after: 2, job: func(th *thread) { (&debugger{thread: th}).movedByOthers() }, want: interrupted},
		{name: "a look", after: 2, job: func(*thread) {}, want: step},
		{name: "a stop before the first", after: 0, job: stop, want: step},
		{name: "a stop long ago", after: 2, resumed: true, job: stop, want: step},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := &walker{}
			th := newThread(w.Continue, false, func(bool) {})
			target := newTarget(w, nil, &debugger{thread: th})
			target.InsertBreak(codeSegment+uint64(c.after)+1, gdbstub.BreakSoftware)
			for range c.after {
				if got, err := target.Step(t.Context(), 1); err != nil || got != step {
					t.Fatalf("a step = %+v, error %v; want %+v", got, err, step)
				}
			}
			c.job(th)
			if c.resumed {
				target.Continue(t.Context())
			}
			before := w.engine.icount
			got, err := target.Step(t.Context(), 1)
			if moved := w.engine.icount != before; err != nil || got != c.want || moved != (c.want == step) {
				t.Errorf("the step behind it = %+v, moved %v, error %v; want %+v", got, moved, err, c.want)
			}
			if got, err := target.Step(t.Context(), 1); err != nil || got != step {
				t.Errorf("the next one = %+v, error %v; want %+v", got, err, step)
			}
		})
	}
}
