package tidtest

import "github.com/vismatid/tid/tidtest/internal/shapes"

// Shape is a way in which answers of the API have been seen, or have to be expected, to differ from its plain shapes.
type Shape uint

// The shapes. ShapeMissingFields, ShapeNulls and ShapeUnknownWords lose values; the others only write them differently.
const (
	ShapeDates         Shape = Shape(shapes.Dates)         // days and times in every spelling there is; expires of a token too
	ShapePascalCase    Shape = Shape(shapes.PascalCase)    // enums with a capital: FixedPrice
	ShapeQuotedNumbers Shape = Shape(shapes.QuotedNumbers) // decimals as strings: "7.50"
	ShapeOtherNames    Shape = Shape(shapes.OtherNames)    // name for title, comment for text, createdBy for user, and the like
	ShapeUnknownFields Shape = Shape(shapes.UnknownFields) // properties that nobody has heard of
	ShapeMissingFields Shape = Shape(shapes.MissingFields) // properties left out
	ShapeNulls         Shape = Shape(shapes.Nulls)         // null wherever null is possible
	ShapeUnknownWords  Shape = Shape(shapes.UnknownWords)  // enum values that nobody has heard of
	ShapeNoTotals      Shape = Shape(shapes.NoTotals)      // totalPages of 0 in lists
	ShapeEmptyAnswers  Shape = Shape(shapes.EmptyAnswers)  // nothing in answer to PUT, and 204 for 200
)
