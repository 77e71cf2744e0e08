// SPDX-License-Identifier: GPL-2.0-or-later

package recordings

import (
	"bytes"
	"io"

	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/replay"
)

// The names of the files that the machine boots.
const (
	kernelFile = "kernel"
	initrdFile = "initrd"
)

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

// readImages is the inverse of addImages.
func readImages(dir *replay.Dir, initrd bool, c *pc.Config) (err error) {
	if c.Kernel, err = readImage(dir, kernelFile); err != nil || !initrd {
		return err
	}
	c.Initrd, err = readImage(dir, initrdFile)
	return err
}

func readImage(dir *replay.Dir, name string) ([]byte, error) {
	f, err := dir.OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}
