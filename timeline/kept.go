// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

import (
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/machine/diff"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/snapshots"
)

// stateOf returns a snapshot's state to be compared.
func stateOf(s *snapshots.Snapshot) diff.State {
	return diff.State{State: s.State.State, RAM: ramOf{s}}
}

// ramOf reads a snapshot's RAM.
type ramOf struct{ *snapshots.Snapshot }

// ReadAt implements io.ReaderAt.
func (r ramOf) ReadAt(p []byte, offset int64) (int, error) {
	n, err := r.ReadRAM(p, uint64(offset))
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

// compareKept compares the machine, which is at the count to compare at, with a
// snapshot that was kept. The machine stays as it is.
func (v *verifier) compareKept(s *snapshots.Snapshot) (list diff.List, err error) {
	if s.State.At.Sub == 0 {
		list, err = diff.Compare(v.m, stateOf(s), diff.Of(v.m))
	} else {
		// A replay does not stop in such a state: what follows it is compared.
		here := v.Snapshot()
		list, err = v.compareNext(s, here)
		err = errors.Join(err, v.restore(here))
	}
	if err != nil {
		return nil, fmt.Errorf("comparing with %s: %w", snapshotName(s), err)
	}
	return list, nil
}

// compareNext compares what follows a snapshot that was kept with the state there.
func (v *verifier) compareNext(s, here *snapshots.Snapshot) (diff.List, error) {
	if err := v.restore(s); err != nil {
		return nil, err
	}
	if err := v.advance(straight, comparable(s.State.At)); err != nil {
		return nil, err
	}
	return diff.Compare(v.m, diff.Of(v.m), stateOf(here))
}

// differs makes the error of a state that is not that of a snapshot.
func differs(s *snapshots.Snapshot, list diff.List) *replay.ErrDiverged {
	first := list[0].Differences[0]
	return &replay.ErrDiverged{At: s.State.At, What: fmt.Sprintf("%s of %s", first.Part+" "+first.Place, snapshotName(s)),
		Want: first.Want, Got: first.Got}
}

func snapshotName(s *snapshots.Snapshot) string {
	if s.Name == "" {
		return fmt.Sprintf("the snapshot of %v", s.State.At)
	}
	return fmt.Sprintf("snapshot %q of %v", s.Name, s.State.At)
}
