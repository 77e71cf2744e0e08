// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"

	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// ErrNoReplay refuses what goes in a replay only.
var ErrNoReplay = errors.New("this goes in a replay only")

// named returns the snapshot of a name; nil if there is none.
func (m *Monitor) named(name string) *snapshots.Snapshot {
	all, _ := m.Session.Snapshots()
	for _, s := range all {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func (c *call) saveVM() error {
	old := c.named(c.args[0])
	err := c.Session.SaveSnapshot(c.args[0])
	if err == nil && old != nil {
		c.printf("The snapshot '%s' of icount %d is replaced\n", c.args[0], old.State.At.ICount)
	}
	return err
}

func (c *call) loadVM() error {
	if s := c.named(c.args[0]); s != nil && c.Mode == ModeRecord {
		c.printf("The recording forks at the snapshot '%s' of icount %d\n", c.args[0], s.State.At.ICount)
	}
	err := c.Load(c.ctx, c.args[0])
	c.moved = err == nil
	return err
}

// Load goes to a named snapshot.
func (m *Monitor) Load(ctx context.Context, name string) error {
	l, ok := m.Session.(Loader)
	if !ok {
		return ErrNoReplay
	}
	ctx, done := m.bound(ctx)
	defer done()
	return l.LoadSnapshot(ctx, name)
}

func (c *call) delVM() error { return c.Delete(c.args[0]) }

// Delete drops a named snapshot.
func (m *Monitor) Delete(name string) error {
	d, ok := m.Session.(Deleter)
	if !ok {
		return errors.New("snapshots cannot be deleted here")
	}
	return d.DeleteSnapshot(name)
}

func (c *call) replaySeek() error {
	s, ok := c.Session.(Seeker)
	if !ok {
		return ErrNoReplay
	}
	n, ok := c.instant(s, c.args[0])
	if !ok {
		return c.noCount(c.args[0])
	}
	return c.seek(n)
}

// seek is Seek for commands.
func (c *call) seek(n uint64) error {
	err := c.Seek(c.ctx, n)
	c.moved = err == nil
	return err
}

// instant returns the instruction count that a word stands for.
func (c *call) instant(s Seeker, word string) (uint64, bool) {
	switch word {
	case "begin":
		return s.Begin().ICount, true
	case "end":
		return s.End().ICount, true
	}
	n, err := timeline.ParseCount(word)
	return n, err == nil
}

// bound returns a context that also ends when no command is to go on.
func (m *Monitor) bound(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	if m.Until == nil {
		return ctx, cancel
	}
	stop := context.AfterFunc(m.Until, cancel)
	return ctx, func() { stop(); cancel() }
}

// Seek goes to an instruction count and stays there, to be looked at.
func (m *Monitor) Seek(ctx context.Context, n uint64) error {
	s, ok := m.Session.(Seeker)
	if !ok {
		return ErrNoReplay
	}
	return m.stay(ctx, func(ctx context.Context) error { return s.SeekTo(ctx, n) })
}

// stay goes somewhere, and stays there to be looked at.
func (m *Monitor) stay(ctx context.Context, journey func(context.Context) error) error {
	ctx, done := m.bound(ctx)
	defer done()
	if err := journey(ctx); err != nil {
		return err
	}
	return m.Control.Stop()
}

func (c *call) noCount(word string) error {
	return userErrorf("%s: %q is no instruction count: want one as 1500000, 250M or 7.2G", c.name, word)
}

func (c *call) replayBreak() error {
	n, err := timeline.ParseCount(c.args[0])
	if err != nil {
		return c.noCount(c.args[0])
	}
	return c.Break(n)
}

// Break makes the machine stop when it comes to an instruction count.
func (m *Monitor) Break(n uint64) error {
	k, ok := m.Session.(Marker)
	if !ok {
		return ErrNoReplay
	}
	return k.SetMark(n)
}

func (c *call) replayDeleteBreak() error { return c.DeleteBreak() }

// DeleteBreak undoes Break.
func (m *Monitor) DeleteBreak() error {
	k, ok := m.Session.(Marker)
	if !ok {
		return ErrNoReplay
	}
	return k.ClearMark()
}

func (c *call) infoReplay() error {
	if c.Mode == ModeLive {
		c.printf("Record/replay is not active\n")
		return nil
	}
	c.printf("%s execution '%s': instruction count = %d\n", c.Mode, c.Path, c.Session.Machine().Moment().ICount)
	return nil
}

// ICount returns the present instruction count.
func (m *Monitor) ICount() uint64 { return m.Session.Machine().Moment().ICount }
