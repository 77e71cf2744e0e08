// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"

	"github.com/vmrr/vmrr/timeline"
)

// snapshotsCommand is `vmrr snapshots`.
func snapshotsCommand(ctx context.Context, out io.Writer, args []string) error {
	const usage = "vmrr snapshots list [DIR], create [DIR] or delete [DIR]; each has --help"
	if len(args) == 0 {
		return usagef("what about snapshots? %s", usage)
	}
	switch args[0] {
	case "list":
		return listSnapshots(ctx, out, args[1:])
	case "create":
		return createSnapshots(ctx, out, args[1:])
	case "delete":
		return deleteSnapshots(ctx, out, args[1:])
	case "-h", "-help", "--help", "help":
		fmt.Fprintln(out, "Usage: "+usage)
		return nil
	}
	return usagef("%q is nothing to do with snapshots: %s", args[0], usage)
}

func listSnapshots(ctx context.Context, out io.Writer, args []string) error {
	f := newFlags(out, "snapshots list", "[DIR]", "Lists the snapshots of a recording, the latest if no DIR is given.")
	rest, err := parse(f, args, 1)
	if err != nil {
		return err
	}
	return interruptible(ctx, func() error { return printSnapshots(out, first(rest)) })
}

func printSnapshots(out io.Writer, path string) (err error) {
	rec, err := openReplay(path, nil)
	if err != nil {
		return err
	}
	defer func() { err = also(err, rec.Close()) }()
	disk, err := rec.Snapshots.Disk()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%-20s %-16s %12s %10s %10s\n", "ICOUNT", "VIRTUAL TIME", "NEW PAGES", "ON DISK", "NAME")
	for _, e := range disk.List() {
		ns := e.At.ICount<<rec.Config.Shift + e.Warp
		fmt.Fprintf(out, "%-20d %-16v %12d %10s %10s\n", e.At.ICount, time.Duration(ns), e.Pages, humanize.IBytes(uint64(e.Bytes)), e.Name)
	}
	fmt.Fprintf(out, "%s, %s\n", counted(len(disk.List())), humanize.IBytes(uint64(disk.Bytes())))
	return rec.Snapshots.Damage()
}

// counted is a number of snapshots in words.
func counted(n int) string { return english.Plural(n, "snapshot", "") }

// parseCounts reads what --at was given.
func parseCounts(words []string) (counts []uint64, err error) {
	for _, word := range words {
		n, err := timeline.ParseCount(word)
		if err != nil {
			return nil, usagef("--at: %w", err)
		}
		counts = append(counts, n)
	}
	return counts, nil
}
