#if !hasFeature(Embedded)
    import CTeltel

    /// The definition of a type of event, asked back from the run.
    public struct TypeSchema: Sendable, Equatable {
        /// One member of the record, as it was given to ``Run/define(_:channel:_:)``.
        public struct Member: Sendable, Equatable {
            /// What a field holds.
            public enum Kind: UInt32, Sendable {
                case i8 = 1
                case u8, i16, u16, i32, u32, i64, u64, f32, f64, bool, text
            }
            /// Dotted; of an array whose elements have names all of them, separated by commas.
            public let name: String
            /// nil: a kind that a newer library has defined.
            public let kind: Kind?
            /// Bytes from the record's begin.
            public let offset: Int
            /// Elements of an array, bytes of a text, else 1.
            public let count: Int
            /// Empty: none.
            public let unit: String
            /// Names for 0, 1, 2 …; empty: a plain number.
            public let labels: [String]
            /// Tells several instances of the type in one frame apart.
            public let isKey: Bool
            /// Given to the engine, not computed by it.
            public let isInput: Bool
            /// Of the machine, not of the simulation: never compared.
            public let isMeasured: Bool

            /// For comparing with what is expected.
            public init(
                name: String, kind: Kind?, offset: Int, count: Int, unit: String, labels: [String], isKey: Bool,
                isInput: Bool = false, isMeasured: Bool = false
            ) {
                self.name = name
                self.kind = kind
                self.offset = offset
                self.count = count
                self.unit = unit
                self.labels = labels
                self.isKey = isKey
                self.isInput = isInput
                self.isMeasured = isMeasured
            }
        }
        public let channel: String
        public let name: String
        public let recordBytes: Int
        public let members: [Member]

        /// For comparing with what is expected.
        public init(channel: String, name: String, recordBytes: Int, members: [Member]) {
            self.channel = channel
            self.name = name
            self.recordBytes = recordBytes
            self.members = members
        }
    }

    extension Run {
        /// How a type was defined; nil if it is none of this run, or if nothing is recorded.
        public func schema<State>(of type: EventType<State>) -> TypeSchema? { schema(teltel_type(word: type.word)) }

        /// All types with fields that have been defined so far, by whomever, in that order.
        public var schemas: [TypeSchema] {
            var types = [teltel_type](repeating: teltel_type(word: 0), count: typesC(handle.pointer, nil, 0))
            let found = typesC(handle.pointer, &types, types.count)
            return types.prefix(found).compactMap(schema)
        }

        private func schema(_ type: teltel_type) -> TypeSchema? {
            let size = describeC(handle.pointer, type, nil, 0)
            guard size > 0 else { return nil }
            return withUnsafeTemporaryAllocation(byteCount: size, alignment: 16) { memory in
                // SAFETY: as many bytes as were asked for; a definition never changes. What is read was written there.
                guard describeC(handle.pointer, type, memory.baseAddress, size) == size else { return nil }
                return TypeSchema(memory.load(as: teltel_type_desc.self))
            }
        }
    }

    extension TypeSchema {
        /// SAFETY: the description's pointers are valid.
        fileprivate init(_ desc: teltel_type_desc) {
            func text(_ pointer: UnsafePointer<CChar>?) -> String { pointer.map { String(cString: $0) } ?? "" }
            channel = text(desc.channel)
            name = text(desc.name)
            recordBytes = desc.record_size
            members = UnsafeBufferPointer(start: desc.fields, count: desc.field_count).map { field in
                Member(
                    name: text(field.name), kind: Member.Kind(rawValue: field.kind), offset: Int(field.offset),
                    count: Int(field.count), unit: text(field.unit),
                    labels: field.labels == nil
                        ? [] : text(field.labels).split(separator: ",", omittingEmptySubsequences: false).map(String.init),
                    isKey: field.flags & UInt32(TELTEL_KEY) != 0, isInput: field.flags & UInt32(TELTEL_INPUT) != 0,
                    isMeasured: field.flags & UInt32(TELTEL_MEASURED) != 0)
            }
        }
    }
#endif
