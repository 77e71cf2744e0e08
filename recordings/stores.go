// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"log/slog"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// stores keeps where the guest of a recorder stores. Nothing but speed depends on it: if
// it cannot be written, that is told once, and the machine goes on.
type stores struct{ w *replay.StoresWriter }

func createStores(dir *replay.Dir) *stores {
	s := &stores{}
	var err error
	s.w, err = dir.CreateStores()
	s.check(err)
	return s
}

// check tells what went wrong, and ends the writing.
func (s *stores) check(err error) {
	if err == nil {
		return
	}
	slog.Warn("it is no longer noted where the guest stores, so going back to a write will take longer", "err", err)
	s.w = nil
}

func (s *stores) put(k replay.Stretch) {
	if s.w == nil {
		return
	}
	if err := s.w.Append(k); err != nil {
		s.w.Close() // the first error is the one to report
		s.check(err)
	}
}

func (s *stores) close() {
	if s.w != nil {
		s.check(s.w.Close())
	}
}

// learn tells a timeline of the recording what is kept of where the guest stored.
func (r *Recording) learn(t *timeline.Timeline) {
	err := badfile.UnlessCutOff(r.Dir.ReadStores(t.Learn))
	if err != nil {
		slog.Warn("not all is known of where the guest stored, so going back to a write takes longer", "err", err)
	}
	r.unlearned = err
}

// KeepLearned keeps what a timeline that ran through the recording has learned of where
// the guest stored beyond what was kept: a recording may be from before that was done, or
// its recorder was killed. While a recorder may still be writing nothing is changed, and
// where nothing can be written it is learned again.
func (r *Recording) KeepLearned(t *timeline.Timeline) {
	keep := func() error {
		// Perhaps there is more than at the start: the recorder has ended since.
		kept := uint64(0)
		err := r.Dir.ReadStores(func(s replay.Stretch) {
			kept += s.To - s.From
			t.Learn(s)
		})
		if err != nil {
			slog.Debug("not all is known of where the guest stored", "err", err)
		}
		known, instructions, all := t.Learned()
		if instructions <= kept || !all {
			return nil
		}
		return r.Dir.ReplaceStores(known)
	}
	var err error
	if r.Tape.End().CutOff != nil {
		err = r.Snapshots.alone(keep) // a recorder would have them to itself
	} else {
		err = keep()
	}
	if err != nil {
		slog.Debug("where the guest stored is not kept", "err", err)
	}
}
