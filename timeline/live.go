// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// HashInterval is how many instructions apart a recorder logs the state's hash.
const HashInterval = 50e6

// Live is a machine that runs now, recorded or not. It goes forward only. All
// methods are called on the engine's thread.
type Live struct {
	debug
	rec     *replay.Recorder // nil if it is not recorded
	store   *snapshots.Store
	persist func(*snapshots.Snapshot) error
}

// NewLive switches the machine on. rec is its door if it is recorded, else nil.
// persist keeps snapshots; nil refuses them.
func NewLive(m *machine.Machine, rec *replay.Recorder, persist func(*snapshots.Snapshot) error) (*Live, error) {
	store, err := snapshots.NewStore(&memory{m}, false)
	if err != nil {
		return nil, err
	}
	if err := m.PowerOn(); err != nil {
		return nil, err
	}
	return &Live{debug: debug{m: m}, rec: rec, store: store, persist: persist}, nil
}

// StepForward executes n instructions. A breakpoint on the way stops it.
func (l *Live) StepForward(ctx context.Context, n uint64) (stop Stop, err error) {
	l.m.Engine.SkipBreak()
	now := l.m.Moment().ICount
	until := now + min(n, math.MaxUint64-now)
	err = l.interruptible(ctx, func() error {
		stop, err = l.run(until)
		return err
	})
	return stop, err
}

// Continue runs until a breakpoint or the end.
func (l *Live) Continue(ctx context.Context) (Stop, error) {
	return l.StepForward(ctx, math.MaxUint64)
}

func (l *Live) run(until uint64) (Stop, error) {
	for {
		next, from := until, l.m.Moment().ICount
		if l.rec != nil {
			next = min(until, (from/HashInterval+1)*HashInterval)
		}
		s, err := l.m.Run(next)
		if err != nil {
			return 0, err
		}
		switch s.Kind {
		case machine.StopBreakpoint:
			return StopBreak, nil
		case machine.StopInterrupted:
			return StopInterrupted, nil
		case machine.StopEnd:
			return StopEnd, nil
		}
		// Without an instruction the state here may no longer be the canonical one.
		if l.rec != nil && next%HashInterval == 0 && next > from {
			if err := l.rec.Hash(stateHash(l.m)); err != nil {
				return 0, err
			}
		}
		if next >= until {
			return StopArrived, nil
		}
	}
}

// stateHash is the record of a machine's state as it is.
func stateHash(m *machine.Machine) replay.StateHash {
	bytes, hash := m.Board.Console()
	s := replay.StateHash{ICount: m.Moment().ICount, ConsoleBytes: bytes, ConsoleHash: hash}
	for _, h := range m.Hashes() {
		s.Parts = append(s.Parts, uint64(h))
	}
	return s
}

// Finish logs the end of the recording. Nothing can run afterwards. A machine that
// a breakpoint stopped behind the delivery of an interrupt goes on by one
// instruction first: a replay does not stop there.
func (l *Live) Finish(reason string) error {
	if l.rec == nil {
		return nil
	}
	if l.m.Engine.Delivered() && l.m.End().Kind == machine.EndNone {
		err := l.withoutBreaks(func() error {
			_, err := l.run(l.m.Moment().ICount + 1)
			return err
		})
		if err != nil {
			return err
		}
	}
	return l.rec.End(l.m.Moment(), reason, stateHash(l.m))
}

// SaveSnapshot keeps the present state under a name.
func (l *Live) SaveSnapshot(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if l.persist == nil {
		return fmt.Errorf("snapshot %q has nowhere to go: the machine is not recorded", name)
	}
	if err := l.persist(capture(l.m, l.rec, l.store, name)); err != nil {
		return err
	}
	return l.rec.Snapshot(l.m.Moment(), name)
}

// Snapshots lists the named snapshots taken in this run, earliest first, and how
// many bytes they take.
func (l *Live) Snapshots() ([]*snapshots.Snapshot, int64) { return l.store.List(), l.store.Bytes() }

// ErrRecorded refuses what a recording could not repeat.
var ErrRecorded = errors.New("the machine is being recorded: a change from outside would not be in the recording")

// WriteMemory changes the guest's memory.
func (l *Live) WriteMemory(addr uint64, p []byte) error {
	if l.rec != nil {
		return ErrRecorded
	}
	return l.writeMemory(addr, p)
}

// WriteRegister changes a register.
func (l *Live) WriteRegister(r *cpu.Register, value []byte) error {
	if l.rec != nil {
		return ErrRecorded
	}
	return l.m.Engine.WriteRegister(r, value)
}

// ErrPast refuses to change the past.
var ErrPast = errors.New("the machine is being replayed: the past cannot be changed")

// WriteMemory refuses.
func (t *Timeline) WriteMemory(uint64, []byte) error { return ErrPast }

// WriteRegister refuses.
func (t *Timeline) WriteRegister(*cpu.Register, []byte) error { return ErrPast }
