#include "net/cli/generate_vocabulary.hpp"

#include <cassert>

namespace souk::net {
namespace {

/// A category as it is written below; lists are separated by commas. Attributes: `name=a,b` one of
/// the texts, `name*=a,b` one or two of them, `name=#1-9` a whole number, `name=~15-99` tenths,
/// `name?` yes or no; separated by ;.
struct Row {
  std::string_view path;
  VariantKind variants;
  std::uint64_t price_low;
  std::uint64_t price_high;
  std::string_view nouns;
  std::string_view adjectives;
  std::string_view materials;
  std::string_view uses;
  std::string_view attributes;
};

constexpr std::string_view kWear =
    "fit=regular,slim,relaxed,oversized;season=summer,winter,spring,all year;care=machine "
    "wash,hand wash,dry clean;organic?";
constexpr std::string_view kShoe =
    "width=regular,wide,narrow;closure=laces,slip-on,buckle,zip;heel_mm=#5-90;waterproof?";
constexpr std::string_view kHome =
    "room=living "
    "room,bedroom,kitchen,office;style=modern,classic,rustic,scandinavian;weight_g=#300-28000;"
    "assembly_required?";
constexpr std::string_view kDevice =
    "connectivity*=Bluetooth,Wi-Fi,USB-C,NFC;battery_h=#4-60;weight_g=#20-2600;warranty_years=#1-5;"
    "refurbished?";

constexpr Row kRows[] = {
    {"Clothing > Men > T-Shirts", VariantKind::clothing, 900, 4500,
     "Tee,T-Shirt,Crew Neck Tee,V-Neck Tee,Pocket Tee",
     "Organic,Classic,Heavyweight,Striped,Vintage,Graphic", "Cotton,Linen,Jersey,Bamboo",
     "everyday wear,the gym,layering,travel", kWear},
    {"Clothing > Men > Shirts", VariantKind::clothing, 1900, 9900,
     "Shirt,Oxford Shirt,Flannel Shirt,Overshirt", "Slim,Checked,Button-Down,Non-Iron,Washed",
     "Cotton,Linen,Flannel,Poplin", "the office,weekends,weddings,casual Fridays", kWear},
    {"Clothing > Men > Trousers", VariantKind::clothing, 2900, 12900,
     "Chinos,Trousers,Cargo Pants,Joggers", "Tapered,Stretch,Pleated,Relaxed",
     "Cotton,Corduroy,Wool,Twill", "the office,hiking,weekends,travel", kWear},
    {"Clothing > Men > Jackets", VariantKind::clothing, 4900, 34900,
     "Jacket,Bomber Jacket,Parka,Field Jacket,Rain Jacket",
     "Quilted,Insulated,Waterproof,Hooded,Lightweight", "Nylon,Down,Waxed Cotton,Wool",
     "cold mornings,rainy days,hiking,commuting", kWear},
    {"Clothing > Women > Dresses", VariantKind::clothing, 2400, 24900,
     "Dress,Midi Dress,Maxi Dress,Wrap Dress,Shirt Dress",
     "Floral,Pleated,Sleeveless,Ribbed,Belted", "Viscose,Silk,Cotton,Satin",
     "garden parties,summer evenings,the office,weddings", kWear},
    {"Clothing > Women > Tops", VariantKind::clothing, 1200, 7900,
     "Top,Blouse,Tank Top,Bodysuit,Camisole", "Cropped,Ruffled,Ribbed,Puff Sleeve,Lace",
     "Cotton,Silk,Jersey,Chiffon", "layering,brunch,the office,festivals", kWear},
    {"Clothing > Women > Jeans", VariantKind::clothing, 2900, 15900,
     "Jeans,Mom Jeans,Straight Jeans,Flared Jeans", "High-Rise,Distressed,Skinny,Cropped",
     "Denim,Stretch Denim,Organic Denim", "weekends,travel,everyday wear", kWear},
    {"Clothing > Women > Knitwear", VariantKind::clothing, 2900, 22900,
     "Cardigan,Sweater,Turtleneck,Jumper", "Chunky,Cable Knit,Cropped,Oversized",
     "Merino,Cashmere,Alpaca,Mohair", "cold mornings,layering,quiet evenings", kWear},
    {"Clothing > Kids > Outerwear", VariantKind::clothing, 1900, 9900,
     "Kids Jacket,Snowsuit,Rain Coat,Fleece", "Padded,Hooded,Reflective,Colourful",
     "Fleece,Nylon,Softshell", "the playground,puddles,snow days", kWear},
    {"Clothing > Accessories > Belts", VariantKind::colors, 1500, 8900,
     "Belt,Braided Belt,Dress Belt", "Reversible,Classic,Woven,Slim",
     "Leather,Vegan Leather,Canvas", "the office,jeans,formal wear",
     "width_mm=#20-45;buckle=brass,steel,none;vegan?"},
    {"Shoes > Sneakers", VariantKind::shoes, 3900, 18900,
     "Sneakers,Low-Top Sneakers,High-Top Sneakers,Trainers", "Retro,Chunky,Minimal,Platform",
     "Leather,Canvas,Suede,Mesh", "city walks,everyday wear,travel", kShoe},
    {"Shoes > Running", VariantKind::shoes, 5900, 21900, "Running Shoes,Trail Shoes,Racing Flats",
     "Cushioned,Lightweight,Stability,Carbon", "Mesh,Knit,Foam",
     "long runs,tempo days,muddy trails,race day", kShoe},
    {"Shoes > Boots", VariantKind::shoes, 6900, 29900,
     "Boots,Chelsea Boots,Hiking Boots,Ankle Boots", "Waterproof,Lined,Lace-Up,Rugged",
     "Leather,Suede,Nubuck", "winter,mountain paths,rainy days", kShoe},
    {"Shoes > Sandals", VariantKind::shoes, 1900, 9900, "Sandals,Slides,Espadrilles",
     "Strappy,Cushioned,Woven", "Leather,Cork,Rubber", "the beach,summer evenings,travel", kShoe},
    {"Bags > Backpacks", VariantKind::colors, 2900, 19900,
     "Backpack,Daypack,Rucksack,Laptop Backpack", "Waterproof,Foldable,Roll-Top,Anti-Theft",
     "Nylon,Canvas,Recycled Polyester", "commuting,school,weekend trips",
     "volume_l=#8-65;laptop_in=~110-170;waterproof?"},
    {"Bags > Handbags", VariantKind::colors, 2900, 39900, "Handbag,Tote,Crossbody Bag,Clutch",
     "Quilted,Structured,Slouchy,Mini", "Leather,Vegan Leather,Raffia",
     "the office,evenings out,brunch", "closure=zip,magnet,open;pockets=#1-8;vegan?"},
    {"Bags > Luggage", VariantKind::colors, 6900, 49900, "Suitcase,Carry-On,Duffel Bag,Trolley",
     "Hardside,Expandable,Lightweight", "Polycarbonate,Aluminium,Nylon",
     "long trips,business travel,weekends away", "volume_l=#28-120;wheels=#2-8;tsa_lock?"},
    {"Jewellery > Rings", VariantKind::colors, 1900, 129900, "Ring,Signet Ring,Stacking Ring,Band",
     "Engraved,Hammered,Solitaire,Twisted", "Sterling Silver,Gold,Titanium",
     "gifts,anniversaries,everyday wear",
     "stone=moissanite,topaz,pearl,none;width_mm=~10-90;nickel_free?"},
    {"Jewellery > Watches", VariantKind::colors, 4900, 299900,
     "Watch,Chronograph,Field Watch,Diver Watch", "Automatic,Solar,Minimal,Skeleton",
     "Steel,Titanium,Ceramic", "diving,the office,collectors",
     "case_mm=#28-46;movement=quartz,automatic,solar;water_resistance_m=#30-300"},
    {"Electronics > Phones", VariantKind::capacity, 14900, 129900,
     "Smartphone,5G Phone,Rugged Phone", "Dual-SIM,Unlocked,Compact", "Glass,Aluminium,Titanium",
     "photography,gaming,travel", "screen_in=~50-69;camera_mp=#12-200;network=4G,5G;refurbished?"},
    {"Electronics > Laptops", VariantKind::capacity, 39900, 299900,
     "Laptop,Ultrabook,Gaming Laptop,Chromebook", "Thin,Convertible,Touchscreen",
     "Aluminium,Magnesium,Carbon", "students,video editing,gaming,the office",
     "screen_in=~116-173;memory_gb=#4-64;cores=#2-24;touchscreen?"},
    {"Electronics > Tablets", VariantKind::capacity, 12900, 119900,
     "Tablet,E-Reader,Drawing Tablet", "Slim,Compact,Rugged", "Aluminium,Glass",
     "reading,sketching,films on the train", "screen_in=~60-129;pen_included?;battery_h=#6-20"},
    {"Electronics > Headphones", VariantKind::colors, 1900, 44900,
     "Headphones,Earbuds,Headset,Over-Ear Headphones", "Wireless,Noise-Cancelling,Wired,Foldable",
     "Aluminium,Memory Foam", "commuting,calls,mixing,the gym", kDevice},
    {"Electronics > Speakers", VariantKind::colors, 2900, 89900,
     "Speaker,Soundbar,Bookshelf Speaker,Portable Speaker", "Waterproof,Smart,Compact",
     "Walnut,Fabric,Aluminium", "parties,film nights,the garden", kDevice},
    {"Electronics > Monitors", VariantKind::single, 9900, 129900,
     "Monitor,Curved Monitor,Ultrawide Monitor", "4K,Gaming,Colour-Accurate", "Aluminium,Plastic",
     "gaming,photo editing,the home office",
     "screen_in=~215-490;refresh_hz=#60-240;panel=IPS,VA,OLED;curved?"},
    {"Electronics > Accessories > Cables", VariantKind::colors, 500, 4900,
     "Cable,Charging Cable,HDMI Cable,Adapter", "Braided,Fast-Charging,Flat", "Nylon,Copper",
     "the desk,travel,the car", "length_m=~5-50;connector=USB-C,HDMI,Lightning,USB-A;certified?"},
    {"Electronics > Accessories > Power Banks", VariantKind::colors, 1500, 9900,
     "Power Bank,Battery Pack,Charger", "Fast,Solar,Slim", "Aluminium,Plastic",
     "travel,festivals,camping", "capacity_mah=#5000-30000;ports=#1-4;wireless?"},
    {"Electronics > Cameras", VariantKind::single, 19900, 349900,
     "Camera,Mirrorless Camera,Action Camera,Instant Camera", "Compact,Full-Frame,Waterproof",
     "Magnesium,Polycarbonate", "travel,portraits,vlogging",
     "megapixels=#10-61;video=4K,6K,1080p;stabilised?"},
    {"Printing > Toner and Ink", VariantKind::single, 900, 24900,
     "Toner Cartridge,Ink Cartridge,Drum Unit", "Original,Compatible,High-Yield",
     "Recycled Plastic", "laser printers,the office,photo prints",
     "page_yield=#200-26000;print_color=black,cyan,magenta,yellow;pack_size=#1-6"},
    {"Home > Furniture > Chairs", VariantKind::colors, 3900, 69900,
     "Chair,Office Chair,Armchair,Bar Stool", "Ergonomic,Upholstered,Swivel,Stackable",
     "Oak,Velvet,Beech,Steel", "long working days,dinner,reading", kHome},
    {"Home > Furniture > Tables", VariantKind::colors, 5900, 129900,
     "Table,Coffee Table,Desk,Side Table", "Extendable,Round,Folding,Solid",
     "Oak,Walnut,Pine,Glass", "family dinners,the home office,small flats", kHome},
    {"Home > Lighting", VariantKind::colors, 1900, 39900,
     "Lamp,Floor Lamp,Pendant Light,Table Lamp", "Dimmable,Smart,Arched,Industrial",
     "Brass,Linen,Glass,Rattan", "reading,dinner,long winter evenings",
     "lumens=#150-3000;watts=#3-60;bulb_included?;style=modern,classic,industrial"},
    {"Home > Bedding", VariantKind::colors, 1900, 24900,
     "Duvet Cover,Pillow,Throw,Sheet Set,Blanket", "Soft,Cooling,Quilted,Waffle",
     "Linen,Percale,Satin,Down", "warm nights,guests,slow mornings",
     "thread_count=#120-600;size=single,double,king;hypoallergenic?"},
    {"Kitchen > Cookware", VariantKind::single, 1900, 39900, "Frying Pan,Saucepan,Dutch Oven,Wok",
     "Non-Stick,Cast,Tri-Ply,Enamelled", "Cast Iron,Steel,Aluminium,Copper",
     "searing,stews,weeknight cooking", "diameter_cm=#16-36;induction?;oven_safe_c=#120-300"},
    {"Kitchen > Coffee", VariantKind::colors, 1200, 119900,
     "Espresso Machine,Coffee Grinder,Kettle,French Press", "Automatic,Manual,Gooseneck,Compact",
     "Steel,Glass,Ceramic", "baristas at home,slow mornings,the office",
     "pressure_bar=#1-19;water_l=~3-25;programmable?"},
    {"Beauty > Skin Care", VariantKind::volume, 700, 9900, "Face Cream,Serum,Cleanser,Sunscreen",
     "Hydrating,Soothing,Vitamin C,Fragrance-Free", "Aloe,Hyaluron,Shea",
     "dry skin,sensitive skin,every morning",
     "skin_type*=dry,oily,sensitive,normal;spf=#6-50;vegan?"},
    {"Beauty > Fragrance", VariantKind::volume, 1900, 19900, "Eau de Parfum,Cologne,Body Mist",
     "Woody,Floral,Citrus,Smoky", "Cedar,Jasmine,Bergamot,Vanilla",
     "evenings out,summer days,gifts",
     "notes*=cedar,jasmine,bergamot,vanilla,musk;longevity_h=#2-12"},
    {"Sports > Fitness", VariantKind::colors, 900, 59900,
     "Yoga Mat,Kettlebell,Resistance Band,Dumbbell", "Non-Slip,Adjustable,Foldable",
     "Rubber,Cork,Cast Iron", "home workouts,stretching,strength days",
     "weight_g=#200-32000;thickness_mm=#2-20;level=beginner,advanced"},
    {"Sports > Camping", VariantKind::colors, 1900, 69900,
     "Tent,Sleeping Bag,Camping Stove,Hammock", "Ultralight,Four-Season,Two-Person,Insulated",
     "Ripstop Nylon,Down,Titanium", "mountain nights,festivals,bike trips",
     "weight_g=#90-6200;persons=#1-6;waterproof?"},
    {"Sports > Cycling", VariantKind::clothing, 1900, 24900,
     "Bike Jersey,Bib Shorts,Cycling Gloves,Helmet", "Aerodynamic,Padded,Breathable,Reflective",
     "Lycra,Merino,Polycarbonate", "long rides,commuting,gravel weekends", kWear},
    {"Toys > Building Sets", VariantKind::single, 900, 34900,
     "Building Set,Marble Run,Train Set,Model Kit", "Magnetic,Wooden,Creative,Expandable",
     "Beech,Plastic,Birch", "rainy afternoons,birthdays,curious builders",
     "pieces=#20-4000;age_from=#2-14;batteries_required?"},
    {"Garden > Tools", VariantKind::single, 900, 29900,
     "Pruning Shears,Garden Hose,Spade,Lawn Mower", "Cordless,Telescopic,Forged",
     "Steel,Ash,Aluminium", "hedges,raised beds,small lawns",
     "length_cm=#15-180;cordless?;weight_g=#150-16000"},
};

constexpr std::string_view kColors =
    "Black,White,Navy,Red,Grey,Blue,Green,Beige,Brown,Pink,Olive,Silver,Yellow,Burgundy,Teal,"
    "Orange,Lavender,Gold";
constexpr std::string_view kQualities =
    "soft,durable,lightweight,comfortable,reliable,elegant,sturdy,compact,versatile,breathable,"
    "timeless,quiet,precise,warm,smooth,handmade,sustainable,refined,practical,robust";
constexpr std::string_view kBenefits =
    "keeps its shape,is easy to clean,lasts for years,fits in any bag,saves space,stays cool,needs "
    "no ironing,works right out of the box,looks better with age,comes in recycled "
    "packaging,charges in under an hour,is tested for daily use,folds flat,feels light in the hand";
constexpr std::string_view kTags =
    "new,bestseller,gift,sale,summer,eco,winter,limited,vegan,handmade,outdoor,premium,travel,back "
    "to school";
constexpr std::string_view kSentences =
    "Made of %m for the %l series, it %f.|"
    "The %q choice for %u: %a %m, with a cut that %f.|"
    "%b designed the %n for %u and for %u.|"
    "It %f and %f.|"
    "You will like how %q and %q the %m feels.|"
    "Part of the %l collection by %b.|"
    "Our customers use it for %u.|"
    "With a %q look, the %l %n will go with everything you own.|"
    "Made from %q %m that %f.|"
    "Whether for %u or %u, %l never lets you down.|"
    "Every detail of the %l range is %q, from the seams to the finish.|"
    "The result: %q, %q and something that %f, season after season.|"
    "Pair it with other pieces from the %l line.|"
    "Inside the box you will find the %n, a manual and care instructions for %m.|"
    "Not only %q but also %q, as you would expect from %b.|"
    "Please note that colours may differ a little from the pictures.|"
    "Free returns within thirty days if the %n should not suit you.|"
    "Inspired by %l and %l, two of the most loved series of %b.|"
    "Comes with a guarantee of two years on all parts.|"
    "Built for %u, tested by people who know %l.";

AttributeSpec parse_attribute(std::string_view text) {
  AttributeSpec spec;
  if (text.ends_with('?')) {
    spec.name = text.substr(0, text.size() - 1);
    spec.kind = AttributeSpec::Kind::boolean;
    return spec;
  }
  const auto equals = text.find('=');
  assert(equals != std::string_view::npos && equals > 0);
  const bool list = text[equals - 1] == '*';
  spec.name = text.substr(0, list ? equals - 1 : equals);
  const auto value = text.substr(equals + 1);
  if (value.front() != '#' && value.front() != '~') {
    spec.kind = list ? AttributeSpec::Kind::text_list : AttributeSpec::Kind::text;
    spec.values = split_words(value, ',');
    return spec;
  }
  spec.kind = value.front() == '#' ? AttributeSpec::Kind::whole : AttributeSpec::Kind::tenths;
  std::uint64_t* bound = &spec.low;
  for (const char c : value.substr(1)) {
    if (c == '-') {
      bound = &spec.high;
    } else {
      *bound = *bound * 10 + static_cast<std::uint64_t>(c - '0');
    }
  }
  assert(spec.low < spec.high);
  return spec;
}

std::vector<CategorySpec> parse_categories() {
  std::vector<CategorySpec> categories;
  for (const auto& row : kRows) {
    CategorySpec category{row.path,
                          row.variants,
                          row.price_low,
                          row.price_high,
                          split_words(row.nouns, ','),
                          split_words(row.adjectives, ','),
                          split_words(row.materials, ','),
                          split_words(row.uses, ','),
                          {}};
    for (const auto attribute : split_words(row.attributes, ';')) {
      category.attributes.push_back(parse_attribute(attribute));
    }
    categories.push_back(std::move(category));
  }
  return categories;
}

/// Names of two or three syllables; the number is their spelling, so all are different.
std::vector<std::string> make_names(std::size_t count, std::size_t salt) {
  constexpr std::array<std::string_view, 24> kFirst{
      "Ar",  "Bel", "Cor", "Del", "El",   "Fen", "Gal", "Hal", "Il", "Jor", "Kal", "Lum",
      "Mar", "Nor", "Ol",  "Pel", "Quin", "Ros", "Sol", "Tam", "Ur", "Vel", "Wil", "Zen"};
  constexpr std::array<std::string_view, 20> kMiddle{"a",  "an", "e",  "en", "i",  "il", "o",
                                                     "or", "u",  "ad", "ev", "im", "ot", "us",
                                                     "av", "el", "iv", "om", "ar", "et"};
  constexpr std::array<std::string_view, 16> kLast{"ra",  "no", "tis", "la",  "ro", "via",
                                                   "xon", "mo", "da",  "ris", "ka", "ton",
                                                   "lis", "be", "sta", "nia"};
  constexpr std::size_t kAll = kFirst.size() * kMiddle.size() * kLast.size();
  static_assert(kAll == 7680);
  assert(count <= kAll);
  std::vector<std::string> names;
  names.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    // 4,447 is prime to 7,680: a walk through all spellings in which neighbours look different.
    const auto number = (i * 4447 + salt) % kAll;
    std::string name{kFirst[number % kFirst.size()]};
    name += kMiddle[number / kFirst.size() % kMiddle.size()];
    name += kLast[number / (kFirst.size() * kMiddle.size())];
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

Words split_words(std::string_view text, char separator) {
  Words words;
  for (;;) {
    const auto end = text.find(separator);
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

ZipfTable::ZipfTable(std::size_t ranks) : table_(0x10000) {
  assert(ranks > 0 && ranks <= table_.size());
  // Shares of 1 / (rank + 2), in whole numbers so that they are the same everywhere.
  std::vector<std::uint64_t> cumulative;
  std::uint64_t sum = 0;
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    sum += 1'000'000'000'000 / (rank + 2);
    cumulative.push_back(sum);
  }
  std::size_t rank = 0;
  for (std::size_t i = 0; i < table_.size(); ++i) {
    while (cumulative[rank] <= sum / table_.size() * i && rank + 1 < ranks) ++rank;
    table_[i] = static_cast<std::uint16_t>(rank);
  }
}

GeneratorVocabulary::GeneratorVocabulary()
    : categories{parse_categories()},
      brands{make_names(400, 11)},
      lines{make_names(5000, 3001)},
      colors{split_words(kColors, ',')},
      qualities{split_words(kQualities, ',')},
      benefits{split_words(kBenefits, ',')},
      tags{split_words(kTags, ',')},
      sentences{split_words(kSentences, '|')},
      category_ranks{categories.size()},
      brand_ranks{brands.size()},
      line_ranks{lines.size()},
      sentence_ranks{sentences.size()} {
}

}  // namespace souk::net
