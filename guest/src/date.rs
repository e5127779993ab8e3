//! Points in time as HTTP writes them (RFC 9110, section 5.6.7): one form out, three forms in.

use crate::octet;
use alloc::string::String;

/// The last second that four digits of a year can name.
pub const SECONDS_MAX: u64 = 253_402_300_799;

const SECONDS_PER_DAY: u64 = 86_400;
/// Days from 1 March of the year 0 to the epoch, with years that begin in March so that a leap day
/// ends one.
const EPOCH_DAYS: u64 = 719_468;
const DAYS_PER_ERA: u64 = 146_097;

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Appends a time in seconds since the epoch as IMF-fixdate, and the end of its line.
pub fn push_line(text: &mut String, seconds: u64) {
    let seconds = seconds.min(SECONDS_MAX);
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil(days);
    let mut form = *b"Thu, 01 Jan 1970 00:00:00 GMT\r\n";
    // The epoch was a Thursday.
    form[..3].copy_from_slice(DAYS[((days + 3) % 7) as usize].as_bytes());
    put_two_digits(&mut form, 5, day);
    form[8..11].copy_from_slice(MONTHS[month as usize - 1].as_bytes());
    put_two_digits(&mut form, 12, year / 100);
    put_two_digits(&mut form, 14, year % 100);
    put_two_digits(&mut form, 17, second / 3_600);
    put_two_digits(&mut form, 20, second / 60 % 60);
    put_two_digits(&mut form, 23, second % 60);
    text.push_str(octet::text(&mut form));
}

/// Appends a time as `1994-11-06 08:49`, for people.
pub fn push_minute(text: &mut String, seconds: u64) {
    let mut form = iso(seconds);
    let form = octet::text(&mut form);
    text.push_str(&form[..10]);
    text.push(' ');
    text.push_str(&form[11..16]);
}

/// Appends a time as `1994-11-06T08:49:37Z` (RFC 3339), for programs.
pub fn push_rfc3339(text: &mut String, seconds: u64) {
    text.push_str(octet::text(&mut iso(seconds)));
}

fn iso(seconds: u64) -> [u8; 20] {
    let seconds = seconds.min(SECONDS_MAX);
    let (days, second) = (seconds / SECONDS_PER_DAY, seconds % SECONDS_PER_DAY);
    let (year, month, day) = civil(days);
    let mut form = *b"1970-01-01T00:00:00Z";
    for (at, number) in [
        (0, year / 100),
        (2, year % 100),
        (5, month),
        (8, day),
        (11, second / 3_600),
        (14, second / 60 % 60),
        (17, second % 60),
    ] {
        put_two_digits(&mut form, at, number);
    }
    form
}

#[inline]
fn put_two_digits<const N: usize>(form: &mut [u8; N], at: usize, number: u64) {
    form[at] = b'0' + (number / 10) as u8;
    form[at + 1] = b'0' + (number % 10) as u8;
}

/// Reads a date in any of the three forms, as seconds since the epoch; none when it is no date.
///
/// `now` tells the century of the form that has only two digits of the year.
pub fn read(text: &[u8], now: Option<u64>) -> Option<i64> {
    match text.get(3)? {
        b',' => imf_fixdate(text),
        b' ' => asctime(text),
        _ => rfc850(text, now),
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`
fn imf_fixdate(text: &[u8]) -> Option<i64> {
    let (day_name, rest) = text.split_at_checked(3)?;
    name(&DAYS, day_name)?;
    let &[
        b',',
        b' ',
        d1,
        d2,
        b' ',
        m1,
        m2,
        m3,
        b' ',
        y1,
        y2,
        y3,
        y4,
        b' ',
        ref time @ ..,
        b' ',
        b'G',
        b'M',
        b'T',
    ] = rest
    else {
        return None;
    };
    let date = Date {
        year: two(y1, y2)? * 100 + two(y3, y4)?,
        month: name(&MONTHS, &[m1, m2, m3])?,
        day: two(d1, d2)?,
    };
    date.at(time)
}

/// `Sun Nov  6 08:49:37 1994`
fn asctime(text: &[u8]) -> Option<i64> {
    let (day_name, rest) = text.split_at_checked(3)?;
    name(&DAYS, day_name)?;
    let &[b' ', m1, m2, m3, b' ', d1, d2, b' ', ref time @ .., b' ', y1, y2, y3, y4] = rest else {
        return None;
    };
    let d1 = if d1 == b' ' { b'0' } else { d1 };
    let date = Date {
        year: two(y1, y2)? * 100 + two(y3, y4)?,
        month: name(&MONTHS, &[m1, m2, m3])?,
        day: two(d1, d2)?,
    };
    date.at(time)
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(text: &[u8], now: Option<u64>) -> Option<i64> {
    let (day_name, rest) = text.split_at_checked(text.iter().position(|&o| o == b',')?)?;
    name(&LONG_DAYS, day_name)?;
    let &[
        b',',
        b' ',
        d1,
        d2,
        b'-',
        m1,
        m2,
        m3,
        b'-',
        y1,
        y2,
        b' ',
        ref time @ ..,
        b' ',
        b'G',
        b'M',
        b'T',
    ] = rest
    else {
        return None;
    };
    let (month, day) = (name(&MONTHS, &[m1, m2, m3])?, two(d1, d2)?);
    full_year(two(y1, y2)?, month, day, now, time)
}

/// The time with the latest year that has these last digits and is not more than 50 years in the
/// future, as RFC 9110 demands. Without a clock, 70 to 99 are of the last century.
fn full_year(digits: u64, month: u64, day: u64, now: Option<u64>, time: &[u8]) -> Option<i64> {
    /// How far in the future a year may be.
    const FUTURE_YEARS_MAX: u64 = 50;
    /// The year 2019 and its 50 years give the range 1970 to 2069.
    const NOW_SECONDS_DEFAULT: u64 = 1_577_836_799;
    let now = now.unwrap_or(NOW_SECONDS_DEFAULT).min(SECONDS_MAX);
    let (now_year, now_month, now_day) = civil(now / SECONDS_PER_DAY);
    let last_year = now_year + FUTURE_YEARS_MAX;
    let mut year = last_year - (last_year + 100 - digits) % 100;
    if year == last_year {
        // 50 years ahead by the year alone: the rest decides whether it is more than that.
        let second = second_of_day(time)?;
        if (month, day, second) > (now_month, now_day, now % SECONDS_PER_DAY) {
            year -= 100;
        }
    }
    Date { year, month, day }.at(time)
}

/// The number of a name among its kind, from 1.
fn name(names: &[&str], text: &[u8]) -> Option<u64> {
    names.iter().position(|name| name.as_bytes() == text).map(|index| index as u64 + 1)
}

fn two(tens: u8, ones: u8) -> Option<u64> {
    (tens.is_ascii_digit() && ones.is_ascii_digit())
        .then(|| u64::from(tens - b'0') * 10 + u64::from(ones - b'0'))
}

/// `hour ":" minute ":" second`, where the second may be a leap second.
fn second_of_day(time: &[u8]) -> Option<u64> {
    let &[h1, h2, b':', m1, m2, b':', s1, s2] = time else { return None };
    let (hour, minute, second) = (two(h1, h2)?, two(m1, m2)?, two(s1, s2)?);
    (hour < 24 && minute < 60 && second <= 60).then_some((hour * 60 + minute) * 60 + second)
}

struct Date {
    year: u64,
    /// From 1.
    month: u64,
    /// From 1.
    day: u64,
}

impl Date {
    /// Seconds since the epoch; none when there is no such day or time.
    fn at(&self, time: &[u8]) -> Option<i64> {
        let &Self { year, month, day } = self;
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if day == 0 || day > length {
            return None;
        }
        // Years from March: January and February belong to the year before, and 400 years are one
        // era.
        let shifted = year + 400 - u64::from(month <= 2);
        let (era, year_of_era) = (shifted / 400, shifted % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = (era * DAYS_PER_ERA + day_of_era) as i64 - (EPOCH_DAYS + DAYS_PER_ERA) as i64;
        Some(days * SECONDS_PER_DAY as i64 + second_of_day(time)? as i64)
    }
}

/// Year, month and day of a number of days since the epoch: Howard Hinnant's `civil_from_days`.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + EPOCH_DAYS;
    let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn written(seconds: u64) -> String {
        let mut text = String::new();
        push_line(&mut text, seconds);
        assert_eq!(text.split_off(text.len() - 2), "\r\n");
        text
    }

    #[test]
    fn rfc9110_5_6_7_imf_fixdate_out() {
        assert_eq!(written(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(written(0), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(written(951_782_400), "Tue, 29 Feb 2000 00:00:00 GMT");
        assert_eq!(written(4_107_542_400), "Mon, 01 Mar 2100 00:00:00 GMT");
        assert_eq!(written(SECONDS_MAX - 1), "Fri, 31 Dec 9999 23:59:58 GMT");
        assert_eq!(written(SECONDS_MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(written(SECONDS_MAX + 1), "Fri, 31 Dec 9999 23:59:59 GMT");
        assert_eq!(written(u64::MAX), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn rfc9110_5_6_7_all_three_forms_in() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(read(text.as_bytes(), None), Some(784_111_777), "{text}");
            assert_eq!(read(text.as_bytes(), Some(1_700_000_000)), Some(784_111_777), "{text}");
        }
        assert_eq!(read(b"Wed Nov 16 08:49:37 1994", None), Some(784_975_777));
        assert_eq!(read(b"Wed, 31 Dec 1969 23:59:59 GMT", None), Some(-1));
        assert_eq!(read(b"Sat, 01 Jan 0000 00:00:00 GMT", None), Some(-62_167_219_200));
        assert_eq!(read(b"Sat, 31 Dec 2016 23:59:60 GMT", None), Some(1_483_228_800));
    }

    #[test]
    fn every_day_of_eight_centuries_survives_being_written_and_read() {
        let mut seconds = 0;
        while seconds < 25_246_080_000 {
            assert_eq!(read(written(seconds).as_bytes(), None), Some(seconds as i64));
            seconds += SECONDS_PER_DAY + 1;
        }
    }

    #[test]
    fn rfc9110_5_6_7_two_digit_years_are_at_most_50_years_ahead() {
        let now = Some(1_700_000_000); // Tue, 14 Nov 2023 22:13:20 GMT
        let year = |text: &str| read(text.as_bytes(), now).map(|s| civil((s / 86_400) as u64).0);
        assert_eq!(year("Tuesday, 14-Nov-72 00:00:00 GMT"), Some(2072));
        assert_eq!(year("Tuesday, 14-Nov-73 22:13:19 GMT"), Some(2073));
        assert_eq!(year("Tuesday, 14-Nov-73 22:13:20 GMT"), Some(2073));
        assert_eq!(year("Tuesday, 14-Nov-73 22:13:21 GMT"), Some(1973));
        assert_eq!(year("Tuesday, 14-Nov-74 00:00:00 GMT"), Some(1974));
        assert_eq!(year("Tuesday, 14-Nov-00 00:00:00 GMT"), Some(2000));
        let unknown =
            |text: &str| read(text.as_bytes(), None).map(|s| civil((s / 86_400) as u64).0);
        assert_eq!(unknown("Thursday, 31-Dec-69 23:59:59 GMT"), Some(2069));
        assert_eq!(unknown("Thursday, 01-Jan-70 00:00:00 GMT"), Some(1970));
    }

    #[test]
    fn rfc9110_5_6_7_what_is_no_date() {
        for text in [
            "",
            "Sun",
            "0",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "sun, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 1900 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 00:60:00 GMT",
            "Sun, 06 Nov 1994 00:00:61 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT ",
            "Xyz, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06 Nov 94 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov  6 08:49:37 1994 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
        ] {
            assert_eq!(read(text.as_bytes(), None), None, "{text:?}");
        }
        let right = "Sunday, 06-Nov-94 08:49:37 GMT";
        for end in 0..right.len() {
            assert_eq!(read(&right.as_bytes()[..end], None), None);
        }
        assert!(read(format!("Thu, 29 Feb {} 00:00:00 GMT", 2024).as_bytes(), None).is_some());
    }

    #[test]
    fn other_forms() {
        let written = |push: fn(&mut String, u64), seconds| {
            let mut text = String::new();
            push(&mut text, seconds);
            text
        };
        assert_eq!(written(push_minute, 784_111_777), "1994-11-06 08:49");
        assert_eq!(written(push_rfc3339, 784_111_777), "1994-11-06T08:49:37Z");
        assert_eq!(written(push_rfc3339, 0), "1970-01-01T00:00:00Z");
        assert_eq!(written(push_rfc3339, u64::MAX), "9999-12-31T23:59:59Z");
    }
}
