// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// HashInterval is how many instructions apart a recorder logs the state's hash.
const HashInterval = 50e6

// StoresInterval is how many instructions apart a recorder logs where the guest stored. It
// divides HashInterval.
const StoresInterval = 10e6

// Recording is where a machine that runs now is written to.
type Recording struct {
	*replay.Recorder // the machine's door
	// Keep keeps a snapshot beyond this process; it may do so later.
	Keep func(*snapshots.Snapshot) error
	// Drop removes the named snapshot that was kept.
	Drop func(name string) error
	// Stored keeps what is known of where the guest stored; nil: nobody does.
	Stored func(replay.Stretch)
	// Fork makes a new recording that begins in the state of a snapshot. It is told by
	// Begun that the run goes on in it, or by Abandon that it does not.
	Fork    func(origin *snapshots.Snapshot) (*Recording, error)
	Begun   func()
	Abandon func() error
	// Close is called after the last record.
	Close func() error
}

// LiveConfig is what a live machine is put together from.
type LiveConfig struct {
	Machine   *machine.Machine // switched off; its Inputs is the recording, if there is one
	Recording *Recording       // nil: it is not recorded
	Policy    Policy           // of automatic snapshots; only a recording has them
	// Origin is the state to begin in; nil: the machine is switched on.
	Origin *snapshots.Snapshot
}

// Live is a machine that runs now, recorded or not. It goes forward, or on from a
// snapshot. All methods are called on the engine's thread.
type Live struct {
	debug
	rec    *Recording
	store  *snapshots.Store
	hashed int64 // the count at which the last hash was logged; -1: none was
	broken error // why the machine is in no state to go on
}

// NewLive switches the machine on.
func NewLive(cfg LiveConfig) (*Live, error) {
	store, err := snapshots.NewStore(&memory{cfg.Machine})
	if err != nil {
		return nil, err
	}
	if cfg.Recording != nil {
		cfg.Recording.Clock = cfg.Machine.Clock.Now
	}
	l := &Live{debug: debug{m: cfg.Machine, pace: newPacer(cfg.Policy)}, rec: cfg.Recording, store: store, hashed: -1}
	cfg.Machine.OnOutside(l.meetOutside)
	if cfg.Origin == nil {
		err := cfg.Machine.PowerOn()
		l.noteStores()
		return l, err
	}
	if cfg.Origin.Name != "" {
		if err := store.Add(cfg.Origin); err != nil {
			return nil, err
		}
	}
	return l, l.restore(cfg.Origin)
}

// Recording returns where the machine is written to now; nil if nowhere.
func (l *Live) Recording() *Recording { return l.rec }

// StepForward executes n instructions. A breakpoint or watchpoint on the way stops it.
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

// Continue runs until a breakpoint, a watchpoint or the end.
func (l *Live) Continue(ctx context.Context) (Stop, error) {
	return l.StepForward(ctx, math.MaxUint64)
}

func (l *Live) run(until uint64) (Stop, error) {
	if l.broken != nil {
		return 0, l.broken
	}
	if l.rec == nil {
		return l.forward(until, func(uint64) uint64 { return until }, func(_, _ uint64) error { return nil })
	}
	next := func(now uint64) uint64 { return min((now/StoresInterval+1)*StoresInterval, l.pace.next(now)) }
	return l.forward(until, next, func(from, at uint64) error {
		if at == from { // without an instruction the state here may no longer be the canonical one
			return nil
		}
		return l.pause(at)
	})
}

// pause does what is due in the canonical state at count n.
func (l *Live) pause(n uint64) error {
	if n%StoresInterval == 0 {
		l.noteStores()
	}
	if n%HashInterval == 0 {
		if err := l.hash(); err != nil {
			return err
		}
	}
	if n%l.pace.Every != 0 || !l.pace.due() {
		return nil
	}
	begun := l.pace.now()
	defer func() { l.pace.took(l.pace.now().Sub(begun)) }()
	s := l.take("")
	l.store.Delete(s) // it is kept elsewhere
	return l.rec.Keep(s)
}

// hash logs the hash of the present state, if it is canonical and was not logged yet.
func (l *Live) hash() error {
	at := l.m.Moment()
	if at.Sub != 0 || int64(at.ICount) == l.hashed {
		return nil
	}
	l.hashed = int64(at.ICount)
	return l.rec.Hash(stateHash(l.m))
}

func (l *Live) take(name string) *snapshots.Snapshot {
	state := snapshots.State{State: l.m.Save()}
	if l.rec != nil {
		state.Consumed = l.rec.Consumed()
	}
	return l.store.Take(name, state)
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
		err := l.quietly(func() error {
			_, err := l.run(l.m.Moment().ICount + 1)
			return err
		})
		if err != nil {
			return err
		}
	}
	l.noteStores()
	return l.rec.End(l.m.Moment(), reason, stateHash(l.m))
}

// noteStores has it written down where the guest stored since the last time, and notes
// its stores from here on.
func (l *Live) noteStores() {
	if l.rec == nil || l.rec.Stored == nil {
		return
	}
	if s, ok := l.takeNoted(); ok {
		l.rec.Stored(s)
	}
}

// SaveSnapshot keeps the present state under a name: in the recording, or, if
// there is none, for as long as this process lives.
func (l *Live) SaveSnapshot(name string) error {
	if err := CheckName(name); err != nil {
		return err
	}
	s := l.take(name)
	if l.rec == nil {
		return nil
	}
	// It is noted only if it can be kept.
	if err := l.rec.Keep(s); err != nil {
		return err
	}
	if err := l.hash(); err != nil {
		return err
	}
	return l.rec.Snapshot(s.State.At, name)
}

// DeleteSnapshot forgets a named snapshot.
func (l *Live) DeleteSnapshot(name string) error {
	var drop func(string) error
	if l.rec != nil {
		drop = l.rec.Drop
	}
	return deleteSnapshot(l.store, name, drop)
}

// LoadSnapshot goes on from a named snapshot. What was recorded so far ends here,
// and stays; a new recording begins in the snapshot's state.
func (l *Live) LoadSnapshot(_ context.Context, name string) error {
	s := l.store.Named(name)
	if s == nil {
		return &NoSnapshotError{name}
	}
	if l.rec == nil {
		return l.restore(s)
	}
	if err := l.fork(s); err != nil {
		return fmt.Errorf("going on from snapshot %q: %w", name, err)
	}
	return nil
}

// fork ends the recording and begins another one in the state of a snapshot.
func (l *Live) fork(s *snapshots.Snapshot) error {
	origin := *s
	origin.State.Consumed = 0 // of the new recording
	next, err := l.rec.Fork(&origin)
	if err != nil {
		return err
	}
	err = l.Finish(fmt.Sprintf("going on from snapshot %q in another recording", s.Name))
	if err == nil {
		// What follows goes into the new recording only if it follows the snapshot.
		err = l.restore(&origin)
	}
	if err != nil {
		return errors.Join(err, next.Abandon())
	}
	old := l.rec
	next.Clock, l.hashed = l.m.Clock.Now, -1
	l.rec, l.m.Inputs = next, next
	next.Begun()
	for _, s := range l.store.List() {
		l.store.Delete(s) // it is of the recording that ended
	}
	return errors.Join(l.store.Add(&origin), old.Close())
}

// restore puts the machine in the state of a snapshot.
func (l *Live) restore(s *snapshots.Snapshot) error {
	if _, err := l.store.Restore(s); err != nil {
		return err
	}
	l.broken = l.m.Load(s.State.State)
	l.takeNoted() // what was before is none of this past
	return l.broken
}

// Snapshots lists the named snapshots taken in this run, earliest first, and how
// many bytes they take.
func (l *Live) Snapshots() ([]*snapshots.Snapshot, int64) { return l.store.List(), l.store.Bytes() }
