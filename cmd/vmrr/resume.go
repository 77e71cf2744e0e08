// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// resume is `vmrr resume`.
func resume(ctx context.Context, out io.Writer, args []string) (err error) {
	var (
		o     runOptions
		sleep bool
		seed  string
	)
	f := newFlags(out, "resume", "DIR@ICOUNT|SNAPSHOT [-o DIR]",
		"Goes on, live, from an instant of a recording, and makes a new recording of what follows.\n"+
			"DIR@12345 or DIR@1500M is an instruction count, DIR@NAME a snapshot; without DIR the latest recording is meant.")
	o.add(f, defaultDisk, "disk")
	o.addRecording(f)
	f.BoolVar(&sleep, "sleep", true, "an idle guest waits in host time, as -icount sleep=on")
	f.StringVar(&seed, "seed", "", "make the guest's entropy from this text, instead of taking the host's")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	where, err := parsePlace(first(rest))
	if err != nil {
		return err
	}
	r := &liveRun{stopped: o.debug.stopped, live: replay.NewLive(time.Now, hostEntropy(seed), sleep)}
	defer r.live.Close()
	if r.words, r.policy, err = o.check(); err != nil {
		return err
	}
	if o.out != "" { // it may be a long way
		if err := replay.CheckFree(o.out); err != nil {
			return err
		}
	}
	rec, err := openReplay(where.dir, nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	if r.front, err = frontend.Open(ctx, r.words); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.front.Close()) }()
	r.front.Hide() // what was shown when it was recorded
	p, err := rec.Start(recordings.StartOptions{Outputs: r.front.Outputs(), Policy: timeline.Policy{Every: timeline.Never}, Progress: progress("going there")})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := rec.Snapshots.AddTo(p.Timeline, where.name); err != nil {
		return err
	}
	if err := where.goTo(ctx, p.Timeline); err != nil {
		return err
	}
	if r.ln, err = o.debug.listen(ctx); err != nil {
		return err
	}
	if r.ln != nil {
		defer r.ln.Close()
	}
	if ctx.Err() != nil {
		return errInterrupted // before there is anything to record
	}
	r.start = rec.StartTime()
	r.to = &recordings.Maker{Emulator: emulator(), Config: rec.Config, Inputs: r.live, Out: o.out, Budget: r.policy.Budget, Wall: r.start}
	if err := r.resume(rec, p, where.name); err != nil {
		return err
	}
	return r.run(ctx)
}

// resume makes the machine of a replay, where it is, a live one.
func (r *liveRun) resume(rec *recordings.Recording, p *recordings.Past, name string) error {
	r.machine, r.board = p.Timeline.Machine(), p.Board
	if r.machine.End().Kind != 0 {
		return fmt.Errorf("going on from %v: there the run ended (%v)", r.machine.Moment(), r.machine.End())
	}
	origin := p.Timeline.Snapshot()
	origin.Name, origin.State.Consumed = name, 0
	to, err := r.to.Branch(rec, origin)
	if err != nil {
		return err
	}
	r.machine.Inputs = to
	r.front.Show()
	if err := r.begin(timeline.LiveConfig{Recording: to, Origin: origin}); err != nil {
		return also(err, to.Abandon())
	}
	to.Begun()
	terminal.Say("live from %v of %s on; recorded in %s", origin.State.At, rec.Dir.Path(), r.to.Dir().Path())
	return nil
}

// place is an instant of a recording as a command line names it.
type place struct {
	dir     string // empty: the latest recording
	name    string // of a snapshot; empty: none
	counted bool   // at is meant, even if there is a name
	at      uint64 // instruction count
}

// parsePlace reads DIR@WHERE; a number is an instruction count.
func parsePlace(s string) (place, error) {
	i := strings.LastIndexByte(s, '@')
	if i < 0 || i == len(s)-1 {
		return place{}, usagef("%q names no instant: want DIR@ICOUNT or DIR@SNAPSHOT", s)
	}
	p := place{dir: s[:i]}
	if n, err := timeline.ParseCount(s[i+1:]); err == nil {
		p.at, p.counted = n, true
	} else {
		p.name = s[i+1:]
	}
	return p, nil
}

// goTo brings a replay there: to the snapshot, then to the count.
func (p *place) goTo(ctx context.Context, t *timeline.Timeline) error {
	if p.name != "" {
		if err := t.LoadSnapshot(ctx, p.name); err != nil {
			return err
		}
	}
	if !p.counted {
		return nil
	}
	return seek(ctx, t, p.at)
}
