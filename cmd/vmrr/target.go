// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"io"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/gdbstub"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// debuggee is what a timeline and a live machine have in common.
type debuggee interface {
	session
	monitor.Session
	Description() *cpu.Description
	ReadRegister(*cpu.Register) []byte
	WriteRegister(*cpu.Register, []byte) error
	ReadMemory(addr uint64, p []byte) (int, error)
	WriteMemory(addr uint64, p []byte) error
	ReadPhysical(pa uint64, p []byte) (int, error)
	WritePhysical(pa uint64, p []byte) error
	InsertBreak(linear uint64)
	RemoveBreak(linear uint64)
	PC() uint64
	StepForward(ctx context.Context, n uint64) (timeline.Stop, error)
}

// target shows a debuggee to gdb.
type target struct {
	debuggee
	monitor  *monitor.Monitor
	debugger *debugger
}

var (
	_ gdbstub.Target         = (*target)(nil)
	_ gdbstub.Commander      = (*target)(nil)
	_ gdbstub.PhysicalMemory = (*target)(nil)
	_ gdbstub.Attacher       = (*target)(nil)
	_ gdbstub.Reverser       = (*pastTarget)(nil)
)

// stopOf says in gdb's terms why the machine stopped. Where a replay diverges its
// history ends, and the debugger stays to look around.
func (t *target) stopOf(s timeline.Stop, err error) (gdbstub.Stop, error) {
	var diverged *replay.ErrDiverged
	if errors.As(err, &diverged) {
		return gdbstub.Stop{Reason: gdbstub.StopHistoryEnd, Note: err.Error()}, nil
	}
	switch s {
	case timeline.StopBreak:
		return gdbstub.Stop{Reason: gdbstub.StopBreak, Addr: t.PC()}, err
	case timeline.StopInterrupted:
		return gdbstub.Stop{Reason: gdbstub.StopInterrupted}, err
	case timeline.StopBegin:
		return gdbstub.Stop{Reason: gdbstub.StopHistoryBegin}, err
	case timeline.StopEnd:
		return gdbstub.Stop{Reason: gdbstub.StopHistoryEnd}, err
	}
	return gdbstub.Stop{Reason: gdbstub.StopStep}, err
}

// InsertBreak implements gdbstub.Target: both kinds are the engine's own.
func (t *target) InsertBreak(addr uint64, _ gdbstub.BreakKind) error {
	t.debuggee.InsertBreak(addr)
	return nil
}

// RemoveBreak implements gdbstub.Target.
func (t *target) RemoveBreak(addr uint64, _ gdbstub.BreakKind) error {
	t.debuggee.RemoveBreak(addr)
	return nil
}

// Step implements gdbstub.Target.
func (t *target) Step(ctx context.Context, n uint64) (gdbstub.Stop, error) {
	return t.stopOf(t.StepForward(ctx, n))
}

// Continue implements gdbstub.Target.
func (t *target) Continue(ctx context.Context) (gdbstub.Stop, error) {
	return t.stopOf(t.debuggee.Continue(ctx))
}

// Monitor implements gdbstub.Commander.
func (t *target) Monitor(ctx context.Context, line string, out io.Writer) (bool, error) {
	return t.monitor.Execute(ctx, line, out)
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
	target
	t *timeline.Timeline
}

// ReverseStep implements gdbstub.Reverser.
func (p *pastTarget) ReverseStep(ctx context.Context) (gdbstub.Stop, error) {
	return p.stopOf(p.t.StepBack(ctx, 1))
}

// ReverseContinue implements gdbstub.Reverser.
func (p *pastTarget) ReverseContinue(ctx context.Context) (gdbstub.Stop, error) {
	return p.stopOf(p.t.ReverseContinue(ctx))
}
