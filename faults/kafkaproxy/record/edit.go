package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// Unread is the error of Edit: some batches were left as they were.
type Unread struct {
	Batches int   // how many
	First   error // why the first of them
}

// Error implements error.
func (u *Unread) Error() string {
	return fmt.Sprintf("%d record batches passed on as they were, the first because of: %v", u.Batches, u.First)
}

// Unwrap gives the first cause.
func (u *Unread) Unwrap() error { return u.First }

func (u *Unread) add(err error) {
	if u.Batches++; u.First == nil {
		u.First = err
	}
}

// Edit calls edit for each whole batch of raw, the records of one partition in
// a produce request or a fetch response. Batches for which edit returns false
// stay byte for byte. Changed ones are encoded anew with the compression that
// they had. A partial batch at the end is kept, and message sets of old (magic
// 0 and 1) are passed through.
//
// The bytes returned are always fit to be passed on, with an error too: then
// some batches, which could not be read or at which edit failed, are in them as
// they were, and the error is an *Unread. What has a wrong checksum cannot be
// read: encoded anew, it would look sound. raw is never written to; without a
// change it is what is returned.
//
// The Batch is edit's until it returns; what its records point to stays.
//
// Edit pays for new decompressors at each call; Codec.Edit keeps them.
func Edit(raw []byte, edit func(*Batch) (changed bool, err error)) ([]byte, error) {
	return new(Codec).Edit(raw, edit)
}

// Edit is the function Edit with what it needs kept for the next call.
func (c *Codec) Edit(raw []byte, edit func(*Batch) (changed bool, err error)) ([]byte, error) {
	return c.EditSome(raw, func(*Batch, int) bool { return true }, edit)
}

// EditSome is Edit for the batches that some chooses, by their headers and how
// many bytes they have: the batch that it is given has no records yet. The
// others are neither read nor checked.
func (c *Codec) EditSome(raw []byte, some func(b *Batch, size int) bool, edit func(*Batch) (changed bool, err error)) ([]byte, error) {
	var (
		out    []byte // nil while nothing changed
		unread Unread
		batch  = c.batch()
	)
	defer func() {
		clear(batch.Records[:cap(batch.Records)]) // holds no bytes of others
		c.batches.Put(batch)
	}()
	for at := 0; at < len(raw); {
		size, err := wholeBatch(raw[at:])
		if err != nil {
			unread.add(fmt.Errorf("reading the batch at byte %d of %d: %w", at, len(raw), err))
		}
		if size == 0 { // a part of a batch, or nothing that says where the next one begins
			size = len(raw) - at
			out = keep(out, raw[at:at+size])
			break
		}
		whole := raw[at : at+size]
		var grown []byte
		if whole[magicAt] == magicNow {
			if c.header(whole, batch); some(batch, size) {
				grown, err = c.editOne(out, raw[:at], whole, batch, edit)
			}
		}
		if err != nil {
			unread.add(fmt.Errorf("batch at byte %d of %d: %w", at, len(raw), err))
		}
		if grown == nil {
			out = keep(out, whole)
		} else {
			out = grown
		}
		at += size
	}
	if out == nil {
		out = raw
	}
	if unread.Batches > 0 {
		return out, &unread
	}
	return out, nil
}

// keep appends what did not change, once anything did.
func keep(out, as []byte) []byte {
	if out == nil {
		return nil
	}
	return append(out, as...)
}

// editOne gives out with the changed batch at its end, or nil where the batch
// stays as it is. out is nil where nothing changed before; before is that.
func (c *Codec) editOne(out, before, whole []byte, b *Batch, edit func(*Batch) (bool, error)) ([]byte, error) {
	if err := c.decode(whole, b); err != nil {
		return nil, err
	}
	changed, err := edit(b)
	if err != nil {
		return nil, fmt.Errorf("editing %d records from offset %d on: %w", len(b.Records), b.BaseOffset, err)
	}
	if !changed {
		return nil, nil
	}
	if out == nil {
		out = slices.Grow(bytes.Clone(before), len(whole)+len(whole)/4)
	}
	was := len(out)
	grown, err := b.Append(out)
	if err != nil {
		return append(out[:was], whole...), err
	}
	return grown, nil
}

// wholeBatch tells the size of the batch, or old message, that raw begins
// with; 0 is that of a part of one. The error says that raw begins with neither.
func wholeBatch(raw []byte) (int, error) {
	if len(raw) <= magicAt {
		return 0, nil
	}
	length, magic := int32(binary.BigEndian.Uint32(raw[8:])), raw[magicAt] //nolint:gosec // a negative one is refused
	least := 14                                                            // of an old message: checksum, magic, attributes, two lengths
	if magic == magicNow {
		least = headerSize - prefixSize
	}
	switch {
	case magic > magicNow:
		return 0, fmt.Errorf("magic %d is none that is known", magic)
	case int(length) < least:
		return 0, fmt.Errorf("length %d is less than the %d bytes of its header", length, least)
	case int64(length)+prefixSize > int64(len(raw)):
		return 0, nil
	}
	return int(length) + prefixSize, nil
}
