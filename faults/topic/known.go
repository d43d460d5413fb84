package topic

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// setting is a topic's setting as Kafka has it. read gives the spelling that
// Kafka answers with, so that one that was put is known again.
type setting struct {
	name, says string
	read       func(text string) (string, error)
}

// known are the settings that can be set, as Kafka 4 describes them: those
// that change what clients or the log see. Where a topic keeps its replicas, and
// what would make its log unreadable, is none.
func known() []setting {
	return []setting{
		{"cleanup.policy", "delete, compact, or both with a comma", policies},
		{"compression.type", "of what is stored", oneOf("producer", "uncompressed", "zstd", "lz4", "snappy", "gzip")},
		{"delete.retention.ms", "how long a compacted topic keeps tombstones", number(0)},
		{"flush.messages", "after how many records the log is synced", number(1)},
		{"flush.ms", "after how long the log is synced", number(0)},
		{"max.compaction.lag.ms", "how long a record stays uncompacted at most", number(1)},
		{"max.message.bytes", "the largest batch that the topic takes", number(0)},
		{"message.timestamp.type", "whose clock stamps records", oneOf("CreateTime", "LogAppendTime")},
		{"min.compaction.lag.ms", "how long a record stays uncompacted at least", number(0)},
		{"min.insync.replicas", "replicas that must be in sync for a produce with all acks", number(1)},
		{"retention.bytes", "size of a partition's log from which on it is deleted; -1 is any", number(-1)},
		{"retention.ms", "age from which on records are deleted; -1 is any", number(-1)},
		{"segment.bytes", "size of a segment of the log", number(14)},
		{"segment.ms", "age of a segment of the log", number(1)},
		{"unclean.leader.election.enable", "whether a replica that is not in sync may lead", oneOf("true", "false")},
	}
}

func number(least int64) func(string) (string, error) {
	return func(text string) (string, error) {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < least {
			return "", fmt.Errorf("%q: write a whole number from %d on, without a unit", text, least)
		}
		return strconv.FormatInt(n, 10), nil
	}
}

func oneOf(values ...string) func(string) (string, error) {
	return func(text string) (string, error) {
		if !slices.Contains(values, text) {
			return "", fmt.Errorf("%q: write one of %s", text, strings.Join(values, ", "))
		}
		return text, nil
	}
}

func policies(text string) (string, error) {
	if slices.Contains([]string{"delete", "compact", "compact,delete", "delete,compact"}, text) {
		return text, nil
	}
	return "", fmt.Errorf("%q: write delete, compact, or compact,delete", text)
}
