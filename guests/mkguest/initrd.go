// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/u-root/u-root/pkg/cpio"
)

// inputs are the paths of what goes into an initrd.
type inputs struct {
	busybox, init, applets string
}

// pack returns an archive: a newc cpio archive (the kernel's
// Documentation/driver-api/early-userspace/buffer-format.rst), gzipped.
func pack(records []cpio.Record) ([]byte, error) {
	var out bytes.Buffer
	// A zero gzip.Header carries no name and no time.
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := cpio.Newc.Writer(z)
	for i, r := range records {
		// Owner root, time 0, and inode numbers by position: nothing of the
		// machine that packs gets in.
		r = cpio.MakeReproducible(r)
		r.Ino = uint64(i + 1)
		if err := w.WriteRecord(r); err != nil {
			return nil, fmt.Errorf("%s: %w", r.Name, err)
		}
	}
	if err := cpio.WriteTrailer(w); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// records lists the archive's members, directories before what is in them.
func records(in inputs) ([]cpio.Record, error) {
	busybox, err := os.ReadFile(in.busybox)
	if err != nil {
		return nil, err
	}
	init, err := os.ReadFile(in.init)
	if err != nil {
		return nil, err
	}
	applets, err := readApplets(in.applets)
	if err != nil {
		return nil, err
	}
	var list []cpio.Record
	for _, d := range []string{"bin", "dev", "proc", "sys"} {
		list = append(list, cpio.Directory(d, 0o755))
	}
	list = append(list,
		// The kernel opens /dev/console for /init before devtmpfs is mounted.
		cpio.CharDev("dev/console", 0o600, 5, 1),
		cpio.StaticFile("bin/busybox", string(busybox), 0o755),
		cpio.StaticFile("init", string(init), 0o755),
	)
	for _, a := range applets {
		list = append(list, cpio.Symlink("bin/"+a, "busybox"))
	}
	return list, nil
}

// added lists the members of an archive of files, given as NAME=FILE. Like the initrd's
// they can be executed.
func added(files []string) ([]cpio.Record, error) {
	var list []cpio.Record
	made := map[string]bool{".": true}
	for _, f := range files {
		name, file, ok := strings.Cut(f, "=")
		if !ok {
			return nil, fmt.Errorf("%q is not NAME=FILE", f)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		if dir := path.Dir(name); !made[dir] {
			made[dir] = true
			list = append(list, cpio.Directory(dir, 0o755))
		}
		list = append(list, cpio.StaticFile(name, string(data), 0o755))
	}
	return list, nil
}

// readApplets returns the words of a list in which # starts a comment.
func readApplets(path string) ([]string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var applets []string
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		applets = append(applets, strings.Fields(line)...)
	}
	if len(applets) == 0 {
		return nil, errors.New(path + " names no applets")
	}
	return applets, nil
}
