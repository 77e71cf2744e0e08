// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/replay"
)

// openReplay opens a recording, the latest if path is empty. opts are machine
// options that were given with it, or nil.
func openReplay(path string, opts *machineOptions) (*recordings.Recording, error) {
	var accept func(*replay.Dir, *pc.Config) error
	if opts != nil {
		accept = func(dir *replay.Dir, c *pc.Config) error { return sameMachine(opts, dir, c) }
	}
	return recordings.Open(path, emulator(), accept)
}

// sameMachine checks the machine options that were given for a replay against the
// recording: they may be repeated, not changed.
func sameMachine(o *machineOptions, dir *replay.Dir, c *pc.Config) error {
	differ := func(option, want, got string) error {
		if want == got {
			return nil
		}
		return &badfile.MismatchError{File: dir.Path(), What: "option " + option, Want: want, Got: got}
	}
	var errs []error
	given := func(name string, check func() error) {
		if o.flags.Changed(name) {
			errs = append(errs, check())
		}
	}
	given("machine", func() error { return differ("-M", "pc", o.board) })
	given("cpu", func() error { return differ("-cpu", c.CPU, o.cpu) })
	given("append", func() error { return differ("-append", c.CommandLine, o.append) })
	given("no-reboot", func() error { return differ("-no-reboot", fmt.Sprint(c.NoReboot), fmt.Sprint(o.noReboot)) })
	given("memory", func() error {
		n, err := parseSize(o.memory)
		if err != nil {
			return err
		}
		return differ("-m", formatSize(c.RAM), formatSize(n))
	})
	given("icount", func() error {
		ic, err := parseICount(o.icount)
		if err != nil {
			return err
		}
		if !strings.Contains(o.icount, "shift=") {
			return nil
		}
		return differ("-icount shift", fmt.Sprint(c.Shift), fmt.Sprint(ic.shift))
	})
	image := func(name, path string, want []byte) func() error {
		return func() error {
			got, err := readImage(name, path)
			if err == nil && !bytes.Equal(got, want) {
				err = &badfile.MismatchError{File: dir.Path(), What: "the " + name, Want: "the one recorded", Got: path}
			}
			return err
		}
	}
	given("kernel", image("kernel", o.kernel, c.Kernel))
	given("initrd", image("initrd", o.initrd, c.Initrd))
	return errors.Join(errs...)
}
