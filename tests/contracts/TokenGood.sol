// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

import {TokenBase, TokenIndexed} from "./TokenBase.sol";

/// Behaves as ERC-20 asks: moves the amount, logs it, returns true.
contract TokenGood is TokenIndexed {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) TokenBase(name_, symbol_, decimals_) {}

    function transfer(address to, uint256 value) external returns (bool) {
        _move(msg.sender, to, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        _spend(from, value);
        _move(from, to, value);
        return true;
    }

    function _move(address from, address to, uint256 value) private {
        _take(from, value);
        balanceOf[to] += value;
        _log(from, to, value);
    }
}
