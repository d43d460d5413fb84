// Package record reads, edits and writes Kafka's record batches (magic 2). It
// is pure: bytes in, bytes out, and never more memory than its limit. It does
// not look into values.
//
// Source: https://kafka.apache.org/documentation/#recordbatch
package record

// Batch is a record batch, its records decompressed. The zero value is an empty
// batch of producer 0; what was read keeps all that its header said.
type Batch struct {
	BaseOffset      int64
	LeaderEpoch     int32
	Attributes      int16 // compression, kind of timestamp, and what Control and Transactional tell
	LastOffsetDelta int32 // stays where records are dropped on fetch, as after compaction
	FirstTimestamp  int64 // ms; what TimestampDelta counts from
	MaxTimestamp    int64 // ms; the time of all records where LogAppendTime is true
	ProducerID      int64 // -1: none
	ProducerEpoch   int16
	BaseSequence    int32
	// Count is how many records the header of a batch says that there are, as it
	// was read. Append goes by Records.
	Count int32
	// Records point into the bytes that they were read from, or into what was
	// decompressed: replace a value, never write into it.
	Records []Record
	// KeepCRC leaves the checksum that the batch was read with. Where that is
	// the right one after all, its lowest bit is turned: the checksum of a batch
	// with KeepCRC is always wrong.
	KeepCRC bool

	crc    uint32
	xerial bool   // snappy came in the framing that Java writes
	codec  *Codec // that read it; nil: a new one
}

// Record is one record of a batch.
type Record struct {
	OffsetDelta    int32
	TimestampDelta int64 // ms
	Attributes     int8  // unused by Kafka
	Key, Value     []byte
	Headers        []Header
}

// Header is a header of a record.
type Header struct {
	Key   []byte
	Value []byte // nil is null
}

const (
	compressionMask  = 0x07
	logAppendTimeBit = 0x08
	transactionalBit = 0x10
	controlBit       = 0x20
	deleteHorizonBit = 0x40
	noTimestamp      = -1
	noProducer       = -1
	magicNow         = 2
	prefixSize       = 8 + 4  // base offset, length
	headerSize       = 61     // up to the first record
	crcAt, crcFrom   = 17, 21 // where the checksum stands, and what it covers from
	magicAt          = 16     // in each version of the format
	smallestRecord   = 7      // bytes: one for each of its parts
	recordCost       = 120    // bytes of memory of a Record
	headerCost       = 48     // and of a Header
)

// Control says that the batch was written by the broker for transactions:
// clients do not show its records, and faults leave them alone.
func (b *Batch) Control() bool { return b.Attributes&controlBit != 0 }

// Transactional says that the batch is part of a transaction.
func (b *Batch) Transactional() bool { return b.Attributes&transactionalBit != 0 }

// Idempotent says that the batch carries sequence numbers: the broker refuses
// what is missing or comes in another order.
func (b *Batch) Idempotent() bool { return b.ProducerID > noProducer && b.BaseSequence >= 0 }

// LogAppendTime says that MaxTimestamp, set by the broker, is the time of each
// record.
func (b *Batch) LogAppendTime() bool { return b.Attributes&logAppendTimeBit != 0 }

// Timestamp is that of record i as clients are told it, in ms since 1970.
func (b *Batch) Timestamp(i int) int64 {
	if b.LogAppendTime() {
		return b.MaxTimestamp
	}
	return b.FirstTimestamp + b.Records[i].TimestampDelta
}

// Offset is that of record i.
func (b *Batch) Offset(i int) int64 { return b.BaseOffset + int64(b.Records[i].OffsetDelta) }
