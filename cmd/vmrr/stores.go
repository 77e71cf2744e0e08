// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"io"
	"log/slog"
	"os"

	"github.com/dustin/go-humanize"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// stores keeps where the guest of a recorder stores. Nothing but speed depends on it: if
// it cannot be written, that is said once, and the machine goes on.
type stores struct{ w *replay.StoresWriter }

func createStores(dir *replay.Dir) *stores {
	s := &stores{}
	var err error
	s.w, err = dir.CreateStores()
	s.check(err)
	return s
}

// check says what went wrong, and ends the writing.
func (s *stores) check(err error) {
	if err == nil {
		return
	}
	terminal.Say("it is no longer noted where the guest stores, so going back to a write will take longer: %v", err)
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
func (r *recorded) learn(t *timeline.Timeline) {
	err := unlessCutOff(r.dir.ReadStores(t.Learn))
	if err != nil {
		slog.Warn("not all is known of where the guest stored, so going back to a write takes longer", "err", err)
	}
	_, r.learned = t.Learned()
	r.unlearned = err
}

// keepLearned keeps what a timeline that ran through the recording has learned beyond
// what was kept: a recording may be from before that was done, or its recorder was
// killed. While a recorder may still be writing nothing is changed, and where nothing can
// be written it is learned again.
func (r *recorded) keepLearned(t *timeline.Timeline) {
	known, instructions := t.Learned()
	if instructions <= r.learned || r.tape.End().CutOff != nil && !r.kept.begun {
		return
	}
	if err := r.dir.ReplaceStores(known); err != nil {
		slog.Debug("where the guest stored is not kept", "err", err)
	}
}

// storesInfo tells what is kept of where the guest stored.
func storesInfo(out io.Writer, dir *replay.Dir) error {
	instructions := uint64(0)
	err := dir.ReadStores(func(s replay.Stretch) { instructions += s.To - s.From })
	bad := unlessCutOff(err)
	st, statErr := os.Stat(dir.StoresPath())
	switch {
	case statErr != nil:
		line(out, "stores", "not known")
	case bad != nil && instructions == 0:
		line(out, "stores", "cannot be used")
	default:
		line(out, "stores", "known of %d instructions, %s", instructions, humanize.IBytes(uint64(st.Size())))
	}
	if err != nil && bad == nil {
		line(out, "", "%v", err)
	}
	return bad
}
