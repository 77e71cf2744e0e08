// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/dustin/go-humanize"

	"github.com/vmrr/vmrr/frontend/terminal"
	"github.com/vmrr/vmrr/recordings"
	"github.com/vmrr/vmrr/snapshots"
	"github.com/vmrr/vmrr/timeline"
)

// chosenSnapshots is which snapshots are to be deleted.
type chosenSnapshots struct {
	names     []string
	at        []uint64 // of those without a name
	automatic bool     // all without a name
}

func deleteSnapshots(ctx context.Context, out io.Writer, args []string) (err error) {
	var c chosenSnapshots
	f := newFlags(out, "snapshots delete", "[DIR] --name NAME | --at ICOUNT | --automatic",
		"Deletes snapshots of a recording, the latest if no DIR is given. The recording does not need them to be replayed.\n"+
			"Those with a name go by --name only. Refuses while another process, such as the recorder, writes there.")
	f.StringSliceVar(&c.names, "name", nil, "those with these names")
	at := f.StringSlice("at", nil, "those without a name at these instruction counts")
	f.BoolVar(&c.automatic, "automatic", false, "all without a name")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	if len(c.names) == 0 && len(*at) == 0 && !c.automatic {
		return usagef("which snapshots? --name, --at or --automatic says it")
	}
	if c.at, err = parseCounts(*at); err != nil {
		return err
	}
	var rec *recordings.Recording
	err = interruptible(ctx, func() (err error) { // a long index takes a while
		rec, err = openReplay(first(rest), nil)
		return err
	})
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	disk, err := rec.Snapshots.Disk()
	if err != nil {
		return err
	}
	list := disk.List()
	gone, err := c.of(list)
	if err != nil {
		return err
	}
	err = disk.DeleteAll(ctx, gone, progress("deleting snapshots"))
	if errors.Is(err, errInterrupted) && len(disk.List()) < len(list) {
		terminal.Say("%s deleted; what they take is given back when snapshots are deleted again", counted(len(gone)))
	}
	if err == nil {
		fmt.Fprintf(out, "%s: %s deleted, %s left\n", rec.Dir.Path(), counted(len(gone)), humanize.IBytes(uint64(disk.Bytes())))
	}
	return err
}

// of returns those of a list that are chosen.
func (c *chosenSnapshots) of(list []snapshots.Entry) (gone []snapshots.Entry, err error) {
	for _, name := range c.names {
		if !slices.ContainsFunc(list, func(e snapshots.Entry) bool { return e.Name == name }) {
			return nil, &timeline.NoSnapshotError{Name: name}
		}
		if name == timeline.OriginName {
			return nil, fmt.Errorf("the snapshot %q stays: the recording begins in it", name)
		}
	}
	for _, n := range c.at {
		if err := hasAutomatic(list, n); err != nil {
			return nil, err
		}
	}
	for _, e := range list {
		if e.Name != "" && slices.Contains(c.names, e.Name) || e.Name == "" && (c.automatic || slices.Contains(c.at, e.At.ICount)) {
			gone = append(gone, e)
		}
	}
	return gone, nil
}

// hasAutomatic returns an error unless there is a snapshot without a name at a count.
func hasAutomatic(list []snapshots.Entry, n uint64) error {
	named := ""
	for _, e := range list {
		switch {
		case e.At.ICount == n && e.Name == "":
			return nil
		case e.At.ICount == n:
			named = e.Name
		}
	}
	if named != "" {
		return fmt.Errorf("the snapshot at icount %d is %q: one with a name goes by --name only", n, named)
	}
	return fmt.Errorf("there is no snapshot at icount %d", n)
}
