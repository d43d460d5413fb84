package proxy_test

// recordRows are the faults of whole records.
func recordRows() []row {
	return []row{
		{fault: "kafka.drop every=5", by: idempotent, sees: all("gap")},
		{fault: "kafka.hold delay=1500ms every=20", by: idempotent, sees: all("reads late")},
		{fault: "kafka.swap_values every=2", by: idempotent, sees: all("other value")},
		{fault: "kafka.duplicate every=5", by: idempotent, sees: all("stored twice")},
		{fault: "kafka.drop direction=produce every=5", by: plain, sees: all("lost")},
		{fault: "kafka.hold delay=1500ms direction=produce every=20", by: plain, sees: all("acks late")},
		{fault: "kafka.reorder every=2", by: plain, sees: all("stored in another order")},
	}
}

// corruptRows are the faults of the inside of records.
func corruptRows() []row {
	return []row{
		{fault: "kafka.corrupt type=field_swap fields=n,quantity every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=price_value_swap every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=bit_flip bit=47 every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=bit_flip bit=47 crc=broken first=1", by: idempotent, sees: [4]string{"consume `a wrong CRC`", "consume `a wrong CRC`, (consume `a lost connection`)", "other value", "consume `KafkaException`"}},
		{fault: "kafka.corrupt type=truncate every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=wrong_schema_id every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=null_value every=5", by: idempotent, sees: all("null")},
		{fault: "kafka.corrupt type=wrong_type fields=price every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h every=5", by: idempotent, sees: all("other time")},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h fields=at every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=new_field every=5", by: idempotent, sees: all("other value")},
		{fault: "kafka.corrupt type=field_swap fields=n,quantity direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=price_value_swap direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=bit_flip bit=47 direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=bit_flip bit=47 crc=broken direction=produce first=1", by: idempotent, sees: [4]string{"produce `CORRUPT_MESSAGE`", "", "", ""}},
		{fault: "kafka.corrupt type=truncate direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=wrong_schema_id direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=null_value direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=wrong_type fields=price direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h direction=produce every=5", by: idempotent, sees: all("stored with another time")},
		{fault: "kafka.corrupt type=timestamp_shift by=-1h fields=at direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
		{fault: "kafka.corrupt type=new_field direction=produce every=5", by: idempotent, sees: all("stored otherwise")},
	}
}
