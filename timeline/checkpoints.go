// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"context"
	"fmt"
	"slices"

	"github.com/vmrr/vmrr/machine"
	"github.com/vmrr/vmrr/snapshots"
)

// Checkpoint is a position to which Restart returns at once. It belongs to the session:
// it survives every jump, and ends with the process.
type Checkpoint struct {
	Number int    // from 1, each is given once
	Note   string // what the user says of it
	At     machine.Moment
	Now    uint64 // virtual ns
	PC     uint64 // linear
}

// checkpoints are those that there are, in the order of their numbers.
type checkpoints struct {
	list []kept
	last int // the number given last
}

type kept struct {
	Checkpoint
	snap *snapshots.Snapshot // pinned
}

// Checkpoint makes one of the present position.
func (t *Timeline) Checkpoint(note string) (Checkpoint, error) {
	if err := t.Stuck(); err != nil {
		return Checkpoint{}, fmt.Errorf("this is not a state of the recorded run: %w", err)
	}
	snap := t.take("")
	snap.Pinned = true
	t.marked.last++
	c := Checkpoint{Number: t.marked.last, Note: note, At: t.m.Moment(), Now: t.m.Clock.Now(), PC: t.PC()}
	t.marked.list = append(t.marked.list, kept{c, snap})
	return c, nil
}

// Checkpoints lists them.
func (t *Timeline) Checkpoints() (list []Checkpoint) {
	for _, k := range t.marked.list {
		list = append(list, k.Checkpoint)
	}
	return list
}

// NoCheckpointError says that there is no checkpoint of a number.
type NoCheckpointError struct{ Number int }

func (e *NoCheckpointError) Error() string { return fmt.Sprintf("there is no checkpoint %d", e.Number) }

// find returns where in the list a checkpoint is.
func (c *checkpoints) find(number int) (int, error) {
	i := slices.IndexFunc(c.list, func(k kept) bool { return k.Number == number })
	if i < 0 {
		return 0, &NoCheckpointError{number}
	}
	return i, nil
}

// Restart goes to a checkpoint.
func (t *Timeline) Restart(_ context.Context, number int) error {
	i, err := t.marked.find(number)
	if err != nil {
		return err
	}
	snap := t.marked.list[i].snap
	_, err = t.jump(func() (Stop, error) { return StopArrived, t.restore(snap) })
	return err
}

// DeleteCheckpoint forgets a checkpoint.
func (t *Timeline) DeleteCheckpoint(number int) error {
	i, err := t.marked.find(number)
	if err != nil {
		return err
	}
	t.store.Delete(t.marked.list[i].snap)
	t.marked.list = slices.Delete(t.marked.list, i, i+1)
	return nil
}
