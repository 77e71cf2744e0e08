// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/timeline"
)

// verify is `vmrr verify`.
func verify(ctx context.Context, out io.Writer, args []string) (err error) {
	f := newFlags(out, "verify", "[DIR]", "Replays a recording, the latest if no DIR is given, and compares every state hash and\n"+
		"snapshot. If one differs it finds out why, as far as it can.")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	rec, err := openReplay(first(rest), nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	bar := newBar()
	past, err := rec.Start(recordings.StartOptions{Policy: timeline.Policy{Every: timeline.Never}, Progress: bar.progress(), Stage: bar.stage})
	if err != nil {
		return err
	}
	defer past.Close()
	t := past.Timeline
	if err := rec.Snapshots.AddTo(t, ""); err != nil {
		return err
	}
	begin := t.Machine().Moment().ICount // another recording has what was before
	before, _ := t.Machine().Board.Console()
	stop, err := t.Verify(ctx)
	bar.finish()
	var d *timeline.Divergence
	switch {
	case errors.As(err, &d):
		io.WriteString(out, d.String())
		return err
	case stop == timeline.StopInterrupted:
		return errInterrupted
	case stop != timeline.StopEnd:
		return err
	}
	bytes, _ := t.Machine().Board.Console()
	fmt.Fprintf(out, "%s: %d instructions, %d state hashes and %d console bytes verified, ended by %s\n",
		rec.Dir.Path(), t.Machine().Moment().ICount-begin, len(t.Player().Hashes()), bytes-before, endOf(t))
	rec.KeepLearned(t)
	return cmp.Or(err, rec.Damage()) // the rest of it was told already
}

func endOf(t *timeline.Timeline) string {
	if end := t.Player().End(); end.CutOff != nil {
		return "being cut off: " + end.CutOff.Error()
	}
	return t.Player().End().Reason
}
