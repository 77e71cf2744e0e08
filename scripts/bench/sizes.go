// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"text/tabwriter"
)

// sizes are what a run left on disk, in bytes; 0 where it leaves nothing or it was
// not looked at.
type sizes struct {
	log       int64
	snapshots int64     // automatic ones, with their index
	both      int64     // automatic and named ones
	named     []float64 // each named one: what disk it takes that no other does
}

// sizesOf measures a recording of vmrr.
func sizesOf(recording string) (s sizes, err error) {
	if s.log, err = fileSize(filepath.Join(recording, "events.log")); err != nil {
		return s, err
	}
	err = filepath.WalkDir(filepath.Join(recording, "snapshots"), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			s.snapshots += info.Size()
		}
		return err
	})
	return s, err
}

func fileSize(path string) (int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// namedRow is a line of `vmrr snapshots list` of a snapshot that save took.
var namedRow = regexp.MustCompile(`(?m) (\d+(?:\.\d+)?) (B|KiB|MiB) +` + savedPrefix + `\d+ *$`)

// namedSizes returns what disk the snapshots take that save took in a recording.
func namedSizes(ctx context.Context, vmrr, recording string) ([]float64, error) {
	out, err := output(ctx, vmrr, "snapshots", "list", recording)
	if err != nil {
		return nil, err
	}
	all := parseNamed(out)
	if len(all) != operations {
		return nil, fmt.Errorf("vmrr snapshots list shows %d snapshots of %d:\n%s", len(all), operations, out)
	}
	return all, nil
}

func parseNamed(list []byte) (bytes []float64) {
	unit := map[string]float64{"B": 1, "KiB": 1 << 10, "MiB": 1 << 20}
	for _, m := range namedRow.FindAllSubmatch(list, -1) {
		n, err := strconv.ParseFloat(string(m[1]), 64)
		if err == nil {
			bytes = append(bytes, n*unit[string(m[2])])
		}
	}
	return bytes
}

// reportSizes prints what is on disk, QEMU's as multiples of vmrr's first.
func reportSizes(out io.Writer, results map[string][]result) {
	ours, theirs := results[vmrrRecord], results[qemuRecord]
	log := func(r result) float64 { return float64(r.log) }
	automatic := func(r result) float64 { return float64(r.snapshots) }
	both := func(r result) float64 { return float64(r.both) }
	named := func(r result) []float64 { return r.named }

	fmt.Fprint(out, "\nOn disk; the log with its state hashes, which QEMU's has none of; a savevm: what disk a named snapshot takes\n"+
		"that no other does, in vmrr beside the automatic ones; snapshots in all: the automatic ones and those of savevm.\n\n")
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\tlog, KiB\tautomatic snapshots, MiB\ta savevm, KiB\tsnapshots in all, MiB")
	kib, mib := 1/1024., 1/1048576.
	save, qemu := results[vmrrSave], results[qemuTravel]
	if len(theirs) > 0 || len(qemu) > 0 {
		fmt.Fprintf(t, "QEMU / vmrr\t%s\t-\t%s\t%s\n", times(of(theirs, log).median, of(ours, log).median),
			times(all(qemu, named).median, all(save, named).median), times(of(qemu, both).median, of(save, both).median))
	}
	fmt.Fprintf(t, "vmrr\t%s\t%s\t%s\t%s\n", of(ours, log).scaled(kib).format(0), of(ours, automatic).scaled(mib).format(0),
		all(save, named).scaled(kib).format(1), of(save, both).scaled(mib).format(0))
	if len(theirs) > 0 || len(qemu) > 0 {
		fmt.Fprintf(t, "QEMU\t%s\tnone\t%s\t%s\n", of(theirs, log).scaled(kib).format(0),
			all(qemu, named).scaled(kib).format(0), of(qemu, both).scaled(mib).format(0))
	}
	t.Flush()
}

// times formats how many times b goes into a.
func times(a, b float64) string {
	if a == 0 || b == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1f", a/b)
}
