// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase, TokenIndexed} from "./TokenBase.sol";

/// Never moves anything and returns false, while its transaction succeeds. Quiet by default; after `setEmits(true)` it also
/// logs the transfer that did not happen.
contract TokenFalse is TokenIndexed {
    bool public emits;

    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function setEmits(bool emits_) external {
        emits = emits_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        if (emits) _log(msg.sender, to, value);
        return false;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        if (emits) _log(from, to, value);
        return false;
    }
}
