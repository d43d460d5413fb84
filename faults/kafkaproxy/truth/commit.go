package truth

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// groupBytes is about how much is forced to disk at once at most.
const groupBytes = 1 << 20

// request is what one caller wants on disk.
type request struct {
	// lines makes them, called under the journal's lock by who commits. None is
	// no work, an error a refusal.
	lines   func() ([]line, error)
	entries []Entry // whose Seq is set when they are on disk
	alone   bool    // what it says depends on all before it

	text []byte
	made []line
	done chan error
	turn chan struct{} // the caller is to commit, his own and what waits with it
}

// submit returns once the request's lines are on disk. Whoever comes while
// nobody commits does so for all who come meanwhile, and hands that on after
// one group.
func (j *Journal) submit(r *request) error {
	r.done, r.turn = make(chan error, 1), make(chan struct{}, 1)
	j.mu.Lock()
	if j.shut {
		j.mu.Unlock()
		return errShut
	}
	j.pending = append(j.pending, r)
	if !j.leading {
		j.leading = true
		r.turn <- struct{}{}
	}
	j.mu.Unlock()
	select {
	case err := <-r.done:
		return err
	case <-r.turn:
		j.lead()
		return <-r.done
	}
}

// lead commits one group, which the caller's request is the first of.
func (j *Journal) lead() {
	group := j.gather()
	err := j.force(group)
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, r := range group {
		j.land(r, err)
	}
	if err == nil && len(group) > 0 {
		close(j.grown)
		j.grown = make(chan struct{})
	}
	if len(j.pending) == 0 {
		j.leading = false
		j.idle.Broadcast()
		return
	}
	j.pending[0].turn <- struct{}{}
}

// gather takes the next group: those with lines to write. Others are answered.
func (j *Journal) gather() []*request {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.group++
	var group []*request
	seq, bytes := j.seq, 0
	for len(j.pending) > 0 && bytes < groupBytes {
		r := j.pending[0]
		if r.alone && len(group) > 0 {
			break
		}
		j.pending[0] = nil
		j.pending = j.pending[1:]
		err := r.prepare(j.group, seq)
		if err != nil || len(r.made) == 0 {
			r.done <- err
			continue
		}
		seq += uint64(len(r.entries))
		bytes += len(r.text)
		group = append(group, r)
		if r.alone {
			break
		}
	}
	return group
}

func (r *request) prepare(group, seq uint64) (err error) {
	if r.made, err = r.lines(); err != nil {
		return err
	}
	for i := range r.entries {
		r.entries[i].Seq = seq + uint64(i) + 1
	}
	for _, l := range r.made {
		if r.text, err = l.write(r.text, group); err != nil {
			return fmt.Errorf("encoding ground truth: %w", err)
		}
	}
	return nil
}

// land takes the lines of a request over, or says why they are not there.
func (j *Journal) land(r *request, err error) {
	if err == nil {
		now := time.Now()
		for _, l := range r.made {
			j.books.add(l, now)
		}
		j.seq += uint64(len(r.entries))
	}
	r.done <- err
}

// force writes a group at the end of the segment and waits for the disk. After
// an error the segment is as it was and grows no more: what a failed sync left
// in memory cannot be trusted.
func (j *Journal) force(group []*request) error {
	var text []byte
	for _, r := range group {
		text = append(text, r.text...)
	}
	if len(text) == 0 {
		return nil
	}
	at, err := j.segment(int64(len(text)))
	if err != nil {
		return fmt.Errorf("writing ground truth: %w", err)
	}
	_, err = j.file.WriteAt(text, at)
	if err == nil {
		err = datasync(j.file)
	}
	if err != nil {
		err = errors.Join(err, j.file.Truncate(at), j.file.Close())
		j.file = nil
		return fmt.Errorf("writing ground truth to %s: %w", segmentPath(j.dir, j.number), err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.sizes[j.number] += int64(len(text))
	j.total += int64(len(text))
	return nil
}

// segment has a file with room for more, and says where its end is.
func (j *Journal) segment(more int64) (at int64, err error) {
	j.mu.Lock()
	at = j.sizes[j.number]
	j.mu.Unlock()
	if j.file != nil && at+more <= j.options.SegmentBytes {
		return at, nil
	}
	if j.file != nil {
		err := j.file.Close() // all of it is on disk
		j.file = nil
		if err != nil {
			return 0, err
		}
	}
	return j.begin(at)
}

// begin makes the next segment, after one whose first before bytes count.
func (j *Journal) begin(before int64) (size int64, err error) {
	j.mu.Lock()
	text, err := line{Head: &head{Before: before, Receipts: j.books.accounts()}}.write(nil, j.group)
	j.mu.Unlock()
	if err != nil {
		return 0, err
	}
	path := segmentPath(j.dir, j.number+1)
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600) //nolint:gosec // below the journal's folder
	if err != nil {
		return 0, err
	}
	if _, err = f.Write(text); err == nil {
		err = errors.Join(datasync(f), syncDir(j.dir))
	}
	if err != nil {
		return 0, errors.Join(err, f.Close(), os.Remove(path))
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.file, j.number = f, j.number+1
	j.sizes[j.number] = int64(len(text))
	j.total += int64(len(text))
	return int64(len(text)), nil
}

func datasync(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
