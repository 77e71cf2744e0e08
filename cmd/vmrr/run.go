// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/frontend"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
	"github.com/vmrr/vmrr/timeline"
)

// runOptions are the options of a command that switches a machine on.
type runOptions struct {
	machine machineOptions
	sessionOptions
	// of a recording:
	out      string
	snapshot string
}

// run is `vmrr run`: the machine without a recording, unless -icount says, as
// QEMU's does, that it is to be recorded or that a recording is to be replayed.
func run(ctx context.Context, out io.Writer, args []string) error {
	var o runOptions
	f := newFlags(out, "run", "[machine options]", "Runs a machine. -icount rr=record,rrfile=DIR and rr=replay record and replay it, as with QEMU.")
	o.machine.add(f)
	o.add(f, defaultDisk, "disk")
	for _, name := range policyNames {
		f.Lookup(name).Usage = "with rr=record or rr=replay: " + f.Lookup(name).Usage
	}
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	ic, err := parseICount(o.machine.icount)
	if err != nil {
		return err
	}
	switch ic.rr {
	case rrRecord:
		return o.record(ctx)
	case rrReplay:
		p := replayOptions{machine: o.machine, sessionOptions: o.sessionOptions}
		if !f.Changed(optionBudget) {
			p.policy.budget = defaultMemory // it is memory here
		}
		return p.replay(ctx, "")
	}
	for _, name := range policyNames {
		if f.Changed(name) {
			return usagef("--%s is for recordings and replays: -icount rr=record,rrfile=DIR or rr=replay says so", name)
		}
	}
	r, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	return o.live(ctx, r)
}

// record is `vmrr record`.
func record(ctx context.Context, out io.Writer, args []string) (err error) {
	var o runOptions
	f := newFlags(out, "record", "[machine options] [-o DIR]", "Runs a machine and records it, in -o DIR or, without it, in the next number (0001, 0002, ...) under\n"+
		"$XDG_DATA_HOME/vmrr (~/.local/share/vmrr), where the link `latest` points to it: what other commands take without a DIR.\n"+
		"loadvm ends the recording there, and what follows is another one: DIR.1, DIR.2 and so on, or the next number.\n"+
		"SIGUSR2 takes a snapshot, named usr2-ICOUNT.")
	o.machine.add(f)
	o.add(f, defaultDisk, "disk")
	o.addRecording(f)
	f.StringVar(&o.snapshot, "rrsnapshot", "", "name of a snapshot to take at the start")
	if _, err := parse(f, args, 0); err != nil {
		return err
	}
	return o.record(ctx)
}

func (o *runOptions) addRecording(f *pflag.FlagSet) {
	f.StringVarP(&o.out, "output", "o", "", "directory of the recording; without it the next number under ~/.local/share/vmrr")
}

// record runs the machine and records it.
func (o *runOptions) record(ctx context.Context) error {
	ic, err := parseICount(o.machine.icount)
	if err != nil {
		return err
	}
	if ic.rr == rrReplay {
		return usagef("-icount rr=replay: vmrr record makes recordings; vmrr replay replays them")
	}
	if o.out != "" && ic.file != "" && o.out != ic.file {
		return usagef("where to? -o %s, or rrfile=%s", o.out, ic.file)
	}
	o.out, o.snapshot = cmp.Or(o.out, ic.file), cmp.Or(o.snapshot, ic.snapshot)
	if o.snapshot != "" {
		if err := timeline.CheckName(o.snapshot); err != nil {
			return usagef("-rrsnapshot: %w", err)
		}
	}
	r, err := o.prepare(ctx)
	if err != nil {
		return err
	}
	r.to = &recordings.Maker{Emulator: emulator(), Config: r.cfg, Inputs: r.live, Out: o.out, Budget: r.policy.Budget}
	return o.live(ctx, r)
}

// prepare does what can fail before anything is written.
func (o *runOptions) prepare(ctx context.Context) (*liveRun, error) {
	words, policy, err := o.check()
	if err != nil {
		return nil, err
	}
	clock, err := hostClock(o.machine.rtc)
	if err != nil {
		return nil, err
	}
	ic, err := parseICount(o.machine.icount)
	if err != nil {
		return nil, err
	}
	r := &liveRun{words: words, policy: policy, stopped: o.debug.stopped, clock: clock,
		live: replay.NewLive(clock, hostEntropy(o.machine.seed), ic.sleep)}
	if r.cfg, err = o.machine.config(); err != nil {
		return nil, err
	}
	r.ln, err = o.debug.listen(ctx)
	return r, err
}

// live switches the machine on and runs it to its end.
func (o *runOptions) live(ctx context.Context, r *liveRun) (err error) {
	defer r.live.Close()
	if r.ln != nil {
		defer r.ln.Close()
	}
	if r.front, err = frontend.Open(ctx, r.words); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.front.Close()) }()
	if err := r.powerOn(); err != nil {
		return err
	}
	defer r.board.Close()
	r.start = r.clock().Unix()
	if r.to != nil {
		r.to.Wall = r.start
	}
	if rec := r.session.Recording(); rec != nil {
		if o.snapshot != "" {
			if err := r.session.SaveSnapshot(o.snapshot); err != nil {
				return also(err, rec.Abandon())
			}
		}
		rec.Begun()
	}
	return r.run(ctx)
}
