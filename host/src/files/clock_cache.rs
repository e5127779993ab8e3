//! Items in bounded room.
//!
//! Each item costs so much of the room, in a unit that is the owner's choice. When there is no room
//! left, a hand goes round: it takes away the first item that was not used since it came by last.

use slab::Slab;

/// See the module.
#[derive(Debug)]
pub struct ClockCache<T> {
    slots: Slab<Slot<T>>,
    hand: usize,
    cost: usize,
    cost_max: usize,
}

#[derive(Debug)]
struct Slot<T> {
    item: T,
    cost: usize,
    used: bool,
}

impl<T> ClockCache<T> {
    /// An empty cache with so much room.
    pub fn new(cost_max: usize) -> ClockCache<T> {
        ClockCache { slots: Slab::new(), hand: 0, cost: 0, cost_max }
    }

    /// Whether nothing is on it.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether an item of this cost can be put here at all.
    pub fn could_hold(&self, cost: usize) -> bool {
        cost <= self.cost_max
    }

    /// Takes items away until there is room for one of this cost; none: there is.
    pub fn make_room(&mut self, cost: usize) -> Option<T> {
        while self.cost + cost > self.cost_max && !self.is_empty() {
            let index = self.hand;
            self.hand = (index + 1) % self.slots.capacity();
            let Some(slot) = self.slots.get_mut(index) else { continue };
            if !std::mem::take(&mut slot.used) {
                return Some(self.remove(index));
            }
        }
        None
    }

    /// Puts an item where there is room for it; returns where it is.
    pub fn insert(&mut self, item: T, cost: usize) -> usize {
        debug_assert!(self.cost + cost <= self.cost_max, "room has been made");
        self.cost += cost;
        self.slots.insert(Slot { item, cost, used: false })
    }

    /// An item, to be looked at.
    pub fn peek(&mut self, index: usize) -> &mut T {
        &mut self.slots[index].item
    }

    /// An item was of use.
    pub fn mark(&mut self, index: usize) {
        self.slots[index].used = true;
    }

    /// Takes an item away.
    pub fn remove(&mut self, index: usize) -> T {
        let slot = self.slots.remove(index);
        self.cost -= slot.cost;
        slot.item
    }

    /// Takes away what was not used since the last call.
    pub fn take_unused(&mut self) -> Vec<T> {
        let unused = |(index, slot): (usize, &mut Slot<T>)| {
            (!std::mem::take(&mut slot.used)).then_some(index)
        };
        let unused: Vec<usize> = self.slots.iter_mut().filter_map(unused).collect();
        unused.into_iter().map(|index| self.remove(index)).collect()
    }

    /// Takes everything away.
    pub fn take_all(&mut self) -> Vec<T> {
        self.cost = 0;
        self.slots.drain().map(|slot| slot.item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(cache: &mut ClockCache<char>, item: char, cost: usize) -> (usize, String) {
        let mut gone = String::new();
        while let Some(other) = cache.make_room(cost) {
            gone.push(other);
        }
        (cache.insert(item, cost), gone)
    }

    #[test]
    fn room_is_made_beyond_the_edge_and_not_before() {
        let mut cache = ClockCache::new(10);
        assert!(cache.could_hold(10));
        assert!(!cache.could_hold(11));
        put(&mut cache, 'a', 4);
        put(&mut cache, 'b', 5);
        assert_eq!(put(&mut cache, 'c', 1).1, "");
        assert_eq!(put(&mut cache, 'd', 1).1, "a");
        assert_eq!(put(&mut cache, 'e', 3).1, "");
        assert_eq!(put(&mut cache, 'f', 10).1.len(), 4);
        assert_eq!(cache.take_all(), ['f']);
        assert_eq!(put(&mut cache, 'g', 10).1, "");
    }

    #[test]
    fn what_was_used_stays_for_another_round() {
        let mut cache = ClockCache::new(3);
        let (a, _) = put(&mut cache, 'a', 1);
        put(&mut cache, 'b', 1);
        put(&mut cache, 'c', 1);
        for expected in ["b", "c", "d", "e"] {
            cache.mark(a);
            let item = char::from(expected.as_bytes()[0] + 2);
            assert_eq!(put(&mut cache, item, 1).1, expected);
        }
        assert_eq!(*cache.peek(a), 'a');
        // If all were used, the first that the hand comes to has to go.
        let indices: Vec<usize> = cache.slots.iter().map(|(index, _)| index).collect();
        indices.into_iter().for_each(|index| cache.mark(index));
        assert_eq!(put(&mut cache, 'z', 1).1.len(), 1);
    }

    #[test]
    fn what_was_not_used_between_two_calls_is_taken() {
        let mut cache = ClockCache::new(3);
        let (a, _) = put(&mut cache, 'a', 1);
        put(&mut cache, 'b', 1);
        cache.mark(a);
        assert_eq!(cache.take_unused(), ['b']);
        assert_eq!(cache.take_unused(), ['a']);
        assert!(cache.is_empty());
        assert!(cache.take_unused().is_empty());
    }
}
