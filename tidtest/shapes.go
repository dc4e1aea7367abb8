package tidtest

// Shape is a way in which answers of the API have been seen, or have to be expected, to differ from its plain shapes.
type Shape uint

// The shapes. ShapeMissingFields, ShapeNulls and ShapeUnknownWords lose values; the others only write them differently.
const (
	ShapeDates         Shape = 1 << iota // days and times in every spelling there is; expires of a token too
	ShapePascalCase                      // enums with a capital: FixedPrice
	ShapeQuotedNumbers                   // decimals as strings: "7.50"
	ShapeOtherNames                      // name for title, comment for text, createdBy for user, and the like
	ShapeUnknownFields                   // properties that are not described
	ShapeMissingFields                   // properties left out
	ShapeNulls                           // null wherever null is possible
	ShapeUnknownWords                    // enum values that are not described
	ShapeNoTotals                        // totalPages of 0 in lists
	ShapeEmptyAnswers                    // nothing in answer to PUT, and 204 for 200
)
