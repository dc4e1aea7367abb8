package tidtest

// The words that a sample company is made of. The names of companies and places are made up; those of people are common ones,
// put together at random.

var firstNames = []string{
	"Anna", "Erik", "Maria", "Lars", "Karin", "Anders", "Eva", "Johan", "Sara", "Per", "Lena", "Mikael", "Emma", "Nils", "Ingrid",
	"Oskar", "Hanna", "Gustav", "Elin", "Fredrik", "Åsa", "Henrik", "Malin", "Björn", "Sofia", "Magnus", "Ida", "Göran", "Amir",
	"Fatima", "Milan", "Leila", "Tomasz", "Aino", "Jenny", "Stefan", "Ulla", "Viktor", "Wilma", "Örjan",
}

var lastNames = []string{
	"Andersson", "Johansson", "Karlsson", "Nilsson", "Eriksson", "Larsson", "Olsson", "Persson", "Svensson", "Gustafsson", "Lindberg",
	"Berg", "Lundgren", "Holm", "Björk", "Sandström", "Åkesson", "Öberg", "Nyström", "Ek", "Hassan", "Novak", "Kowalska", "Virtanen",
	"Demir", "Sjögren", "Ahl", "Dahl", "Engman", "Forsell", "Hed", "Isberg", "Jonsson", "Kvist", "Lilja", "Moberg", "Norén", "Rask",
	"Sund", "Wik",
}

var placeNames = []string{
	"Kvistmåla", "Grynboda", "Tusselvik", "Snorreberga", "Plommonhult", "Vispnäs", "Knaggarp", "Lingontorpa", "Gnistelund", "Bruksnora",
	"Myrstacka", "Dimskär", "Tofsmåla", "Rabarbersta", "Krusehed", "Flaxenvik", "Sillkulla", "Åskboda", "Ärtholma", "Ömsinge",
}

var companyKinds = []string{
	"Fastigheter AB", "Bostäder AB", "Bygg AB", "Handel AB", "Förvaltning AB", "Industri AB", "Livs AB", "Hotell AB", "Kommun", "Samfällighet",
}

var supplierKinds = []string{"Grossist AB", "Trä & Järn AB", "Elmaterial AB", "Maskinuthyrning AB", "Färg AB"}

var streets = []string{
	"Storgatan", "Skolgatan", "Kyrkogatan", "Parkvägen", "Ringvägen", "Björkstigen", "Hamngatan", "Industrivägen", "Torggatan", "Ängsvägen",
}

var jobs = []string{
	"Takbyte", "Stambyte", "Ombyggnad kontor", "Elrevision", "Nytt kök", "Badrumsrenovering", "Fasadmålning", "Laddstolpar", "Ventilation",
	"Fönsterbyte", "Tillbyggnad", "Serviceavtal", "Värmepump", "Solceller", "Markarbete", "Brandskydd", "Belysning", "Hissbyte",
}

var remarks = []string{
	"Enligt överenskommelse med kunden", "Material hämtat på vägen", "Klart för besiktning", "Väntade på leverans", "Extra arbete, se foto",
	"Tillsammans med underentreprenören", "Felsökning av gruppcentral", "Avstämning på plats", "Ställning flyttad", "Städat och lämnat",
	"Rivning av gammalt", "Montage plan 2", "Montage plan 3", "Inkoppling och provning", "Egenkontroll gjord", "ÄTA 4 enligt offert",
}

var internalRemarks = []string{"Veckomöte", "Genomgång av tidplan", "Kurs heta arbeten", "Iordningställt bilen", "Inventering", "Fakturaunderlag"}

type namedColor struct{ name, color string }

var (
	departmentNames = []string{"Bygg", "El", "VVS", "Service", "Kontor"}
	costCenterNames = []string{"Nord", "Syd", "Öst", "Väst"}
	unitNames       = []string{"st", "tim", "m", "m²", "kg", "dag", "km"}
	tagWords        = []namedColor{{"ROT", "#2e7d32"}, {"Garanti", "#c62828"}, {"Brådskande", "#ef6c00"}, {"Ramavtal", "#1565c0"}, {"Referens", "#6a1b9a"}, {"Certifierad", "#00838f"}}
	categoryWords   = []namedColor{{"Entreprenad", "#1565c0"}, {"Service", "#2e7d32"}, {"Besiktning", "#6a1b9a"}}
	statusWords     = []namedColor{{"Ny", "#90a4ae"}, {"Pågår", "#2e7d32"}, {"Vilande", "#f9a825"}, {"Avslutad", "#455a64"}, {"Fakturerad", "#263238"}}
	activityNames   = []string{"Montage", "Projektering", "Felsökning", "Resor", "Arbetsledning", "Dokumentation", "Besiktning"}
	absenceNames    = []string{"Semester", "Sjukfrånvaro", "Vård av barn", "Föräldraledighet", "Tjänstledighet"}
	internalNames   = []string{"Internt möte", "Utbildning", "Lager och verkstad", "Administration"}
	salesWords      = []namedColor{{"Ny förfrågan", "#90a4ae"}, {"Kontaktad", "#1565c0"}, {"Offert lämnad", "#f9a825"}, {"Förhandling", "#ef6c00"}}
	salesTags       = []namedColor{{"Stor affär", "#c62828"}, {"Befintlig kund", "#2e7d32"}, {"Upphandling", "#6a1b9a"}}
	goods           = []struct {
		number, name, unit string
		cost, price        int64 // öre
	}{
		{"M100", "Skruv, ask", "st", 8900, 14900}, {"M101", "Regel 45×95", "m", 1850, 3195}, {"M102", "Gipsskiva", "st", 7450, 11900},
		{"M103", "Kabel 5G1,5", "m", 1290, 2450}, {"M104", "Armatur", "st", 38900, 59500}, {"M105", "Rör 22 mm", "m", 4595, 7990},
		{"M106", "Färg 10 l", "st", 64900, 98900}, {"M107", "Takpapp", "m²", 5225, 8750},
	}
	checklistWords  = []string{"Egenkontroll", "Överlämning", "Uppstart"}
	checklistItems  = []string{"Ritningar på plats", "Skyddsrond gjord", "Foton tagna", "Kunden informerad", "Nycklar återlämnade"}
	taskWords       = []string{"Ring kunden", "Beställ material", "Boka besiktning", "Skriv offert", "Uppdatera ritning", "Hämta nycklar", "Planera bemanning"}
	boardColumns    = []string{"Att göra", "Pågår", "Klart"}
	commentWords    = []string{"Kunden vill ha besked före fredag.", "Portkod finns hos arbetsledaren.", "Ny tidplan utskickad.", "Besiktningen gick bra, inga anmärkningar.", "Avvakta svar om ÄTA."}
	opportunityJobs = []string{"Renovering av trapphus", "Ny ventilation", "Energikartläggning", "Ramavtal service", "Ombyggnad av lokal"}
)
