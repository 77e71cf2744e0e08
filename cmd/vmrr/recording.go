// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/vmrr/vmrr/cpu/unicorn"
	"github.com/vmrr/vmrr/internal/badfile"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// recordedMachine is what a recording's manifest says of the machine. The kernel
// and the initrd lie in the recording and are checked when they are read.
type recordedMachine struct {
	Engine      string `json:"engine"`  // unicorn.Behaviour: another may run another way
	Devices     int    `json:"devices"` // pc.Behaviour
	Board       string `json:"board"`
	CPU         string `json:"cpu"`
	RAM         uint64 `json:"ram"`
	Shift       uint   `json:"shift"`
	CommandLine string `json:"command_line"`
	NoReboot    bool   `json:"no_reboot"`
	Initrd      bool   `json:"initrd"`
}

const (
	kernelFile = "kernel"
	initrdFile = "initrd"
)

func machineOf(c *pc.Config) recordedMachine {
	return recordedMachine{Engine: unicorn.Behaviour(), Devices: pc.Behaviour, Board: "pc", CPU: c.CPU, RAM: c.RAM, Shift: c.Shift,
		CommandLine: c.CommandLine, NoReboot: c.NoReboot, Initrd: c.Initrd != nil}
}

// createDir makes the directory of a new recording. An empty path means the next
// numbered one.
func createDir(path string, m replay.Manifest) (*replay.Dir, error) {
	if path == "" {
		return replay.CreateNext(m)
	}
	return replay.Create(path, m)
}

// addImages copies what the machine boots into a recording.
func addImages(dir *replay.Dir, c *pc.Config) error {
	if err := dir.AddFile(kernelFile, bytes.NewReader(c.Kernel)); err != nil {
		return err
	}
	if c.Initrd == nil {
		return nil
	}
	return dir.AddFile(initrdFile, bytes.NewReader(c.Initrd))
}

// openDir opens the directory of a recording, the latest if path is empty.
func openDir(path string) (*replay.Dir, error) {
	if path == "" {
		latest, err := replay.Latest()
		if err != nil {
			return nil, err
		}
		path = latest
	}
	return replay.Open(path)
}

// machineIn returns what a recording says of its machine.
func machineIn(dir *replay.Dir) (m recordedMachine, err error) {
	d := json.NewDecoder(bytes.NewReader(dir.Manifest().Machine))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return m, fmt.Errorf("reading which machine %s recorded: %w", dir.Path(), err)
	}
	return m, nil
}

// openRecording opens a recording, the latest if path is empty, and returns what
// its machine is built from.
func openRecording(path string) (*replay.Dir, pc.Config, error) {
	var c pc.Config
	dir, err := openDir(path)
	if err != nil {
		return nil, c, err
	}
	m, err := machineIn(dir)
	if err != nil {
		return nil, c, err
	}
	path = dir.Path()
	if now := unicorn.Behaviour(); m.Engine != now {
		return nil, c, &badfile.MismatchError{File: path, What: "the CPU engine", Want: m.Engine, Got: now}
	}
	if m.Devices != pc.Behaviour {
		return nil, c, &badfile.MismatchError{File: path, What: "version of the devices", Want: fmt.Sprint(m.Devices), Got: fmt.Sprint(pc.Behaviour)}
	}
	if m.Board != "pc" {
		return nil, c, fmt.Errorf("%s was recorded on the board %q, which this vmrr does not have", path, m.Board)
	}
	c = pc.Config{RAM: m.RAM, CPU: m.CPU, Shift: m.Shift, CommandLine: m.CommandLine, NoReboot: m.NoReboot}
	if c.Kernel, err = readRecorded(dir, kernelFile); err != nil {
		return nil, c, err
	}
	if m.Initrd {
		c.Initrd, err = readRecorded(dir, initrdFile)
	}
	return dir, c, err
}

func readRecorded(dir *replay.Dir, name string) ([]byte, error) {
	f, err := dir.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
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
