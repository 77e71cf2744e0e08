// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// Debuggee is what timeline.Live and timeline.Timeline have in common: a machine that
// can be run forward and looked at.
type Debuggee interface {
	monitor.Session
	Continue(ctx context.Context) (timeline.Stop, error)
	Description() *cpu.Description
	ReadRegister(*cpu.Register) []byte
	WriteRegister(*cpu.Register, []byte) error
	ReadMemory(addr uint64, p []byte) (int, error)
	WriteMemory(addr uint64, p []byte) error
	ReadPhysical(pa uint64, p []byte) (int, error)
	WritePhysical(pa uint64, p []byte) error
	InsertBreak(linear uint64)
	RemoveBreak(linear uint64)
	SetCondition(linear uint64, condition func() bool)
	InsertWatch(cpu.Watch) error
	RemoveWatch(cpu.Watch)
	LastHit() cpu.Hit
	PC() uint64
	CodeBits() int
	StepForward(ctx context.Context, n uint64) (timeline.Stop, error)
}

// traveller is a Debuggee that also goes backward.
type traveller interface {
	StepBack(ctx context.Context, n uint64) (timeline.Stop, error)
	ReverseContinue(ctx context.Context) (timeline.Stop, error)
	SetProgress(func(at, to uint64)) (old func(at, to uint64))
	Stuck() error
}

// target shows a machine to gdb.
type target struct {
	Debuggee
	monitor  *monitor.Monitor
	debugger *debugger
	breaks   breaks
}

// newTarget returns a target, which goes backward if the machine does.
func newTarget(m Debuggee, mon *monitor.Monitor, d *debugger) gdbstub.Target {
	t := &target{Debuggee: m, monitor: mon, debugger: d, breaks: breaks{}}
	if past, ok := m.(traveller); ok {
		return &pastTarget{t, past}
	}
	return t
}

var (
	_ gdbstub.Target         = (*target)(nil)
	_ gdbstub.Commander      = (*target)(nil)
	_ gdbstub.PhysicalMemory = (*target)(nil)
	_ gdbstub.Attacher       = (*target)(nil)
	_ gdbstub.RangeStepper   = (*target)(nil)
	_ gdbstub.Narrower       = (*target)(nil)
	_ gdbstub.Reverser       = (*pastTarget)(nil)
)

// stopOf says in gdb's terms why the machine stopped. Where a replay diverges its
// history ends, and the debugger stays to look around. gdb reads everything anew
// after a resume, whoever moved the machine before.
func (t *target) stopOf(s timeline.Stop, err error) (gdbstub.Stop, error) {
	t.debugger.moved.Store(false)
	var diverged *replay.ErrDiverged
	if errors.As(err, &diverged) {
		return gdbstub.Stop{Reason: gdbstub.StopHistoryEnd, Note: err.Error()}, nil
	}
	switch s {
	case timeline.StopBreak:
		return gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: t.PC()}, err
	case timeline.StopWatch:
		return t.watchStop(), err
	case timeline.StopInterrupted:
		return gdbstub.Stop{Reason: gdbstub.StopInterrupted}, err
	case timeline.StopBegin:
		return gdbstub.Stop{Reason: gdbstub.StopHistoryBegin}, err
	case timeline.StopEnd:
		return gdbstub.Stop{Reason: gdbstub.StopHistoryEnd}, err
	}
	return gdbstub.Stop{Reason: gdbstub.StopStep}, err
}

// Step implements gdbstub.Target.
func (t *target) Step(ctx context.Context, n uint64) (gdbstub.Stop, error) {
	return t.stepped(t.debugger.thread.step(func() (timeline.Stop, error) { return t.StepForward(ctx, n) }))
}

// stepped is stopOf for steps. gdb may make them to get somewhere, and goes on after
// one; at the mark it is not to.
func (t *target) stepped(s timeline.Stop, err error) (gdbstub.Stop, error) {
	if s == timeline.StopMark {
		s = timeline.StopInterrupted
	}
	return t.stopOf(s, err)
}

// StepRange implements gdbstub.RangeStepper: the machine is lent once for all steps.
// As in Continue, others may have something done between any two of them.
func (t *target) StepRange(ctx context.Context, start, end uint64) (gdbstub.Stop, error) {
	begun := t.Machine().Moment()
	return t.stepped(t.debugger.thread.lend(ctx, func(ctx context.Context) (timeline.Stop, error) {
		for ctx.Err() == nil {
			now := t.Machine().Moment()
			if now != begun && t.breaks.hit(t.PC()) {
				return timeline.StopBreak, nil
			}
			if pc := t.PC(); now.ICount != begun.ICount && (pc < start || pc >= end) {
				return timeline.StopArrived, nil
			}
			if stop, err := t.StepForward(ctx, 1); err != nil || stop != timeline.StopArrived {
				return stop, err
			}
		}
		return timeline.StopInterrupted, nil
	}))
}

// Continue implements gdbstub.Target. Others may have something done meanwhile. That
// may happen to be before an instruction under a breakpoint, which going on would
// pass over.
func (t *target) Continue(ctx context.Context) (gdbstub.Stop, error) {
	begun := t.Machine().Moment()
	return t.stopOf(t.debugger.thread.lend(ctx, func(ctx context.Context) (timeline.Stop, error) {
		if t.Machine().Moment() != begun && t.breaks.hit(t.PC()) {
			return timeline.StopBreak, nil
		}
		return t.Debuggee.Continue(ctx)
	}))
}

// Monitor implements gdbstub.Commander. That a command fails is said in its output.
func (t *target) Monitor(ctx context.Context, line string, out io.Writer) (bool, error) {
	t.debugger.thread.setStepping(false) // whoever types this is not about to make the next step
	moved := t.monitor.Run(ctx, line, out)
	return t.debugger.moved.Swap(false) || moved, nil
}

// Attached implements gdbstub.Attacher.
func (t *target) Attached(context.Context) error {
	t.debugger.attach()
	return nil
}

// Detached implements gdbstub.Attacher.
func (t *target) Detached(how gdbstub.Departure) { t.debugger.detach(how) }

// pastTarget is a target that also goes backward.
type pastTarget struct {
	*target
	past traveller
}

// ReverseStep implements gdbstub.Reverser.
func (p *pastTarget) ReverseStep(ctx context.Context) (gdbstub.Stop, error) {
	return p.stopOf(p.debugger.thread.step(func() (timeline.Stop, error) { return p.past.StepBack(ctx, 1) }))
}

// ReverseContinue implements gdbstub.Reverser.
func (p *pastTarget) ReverseContinue(ctx context.Context, out io.Writer) (gdbstub.Stop, error) {
	p.debugger.thread.setStepping(false)
	told := progress{out: out, now: time.Now}
	old := p.past.SetProgress(told.tell)
	defer func() { p.past.SetProgress(old) }()
	return p.stopOf(p.past.ReverseContinue(ctx))
}
